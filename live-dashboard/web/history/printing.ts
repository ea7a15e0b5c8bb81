let printing = false;

/** On paper nothing can be opened: tables are whole, and the page is light whatever its theme. */
export const isPrinting = (): boolean => printing;

/** Draws the page for paper before it is printed, and for the screen afterwards. */
export function startPrinting(draw: () => void): void {
  function turn(on: boolean): void {
    if (on === printing) return;
    printing = on;
    document.documentElement.classList.toggle('printing', on);
    draw();
  }
  addEventListener('beforeprint', () => turn(true));
  addEventListener('afterprint', () => turn(false));
  const paper = matchMedia('print');
  paper.addEventListener('change', () => turn(paper.matches));
}
