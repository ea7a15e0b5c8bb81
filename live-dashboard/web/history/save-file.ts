/** Has the browser save a text as a file. */
export function saveCsv(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // the download has begun, but not every browser has read the address yet
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
