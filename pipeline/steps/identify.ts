import { filter, map, merge, type Observable, type OperatorFunction } from 'rxjs';
import type { Member } from '../commit/entry.ts';

export interface Identification {
  /** takes the claims of all its events, in one tick */
  readonly take: (member: Member) => void;
  /** members whose claims are all known */
  readonly ready$: Observable<Member>;
}

/** Who is new, who is a twin, who came before: a member goes on when all its claims are known (rules 1 to 3, 12). */
export function identify(identification: Identification): OperatorFunction<Member, Member> {
  return function identifyMembers(members$) {
    const taken$ = members$.pipe(
      map((member) => identification.take(member)),
      filter((none): none is never => none !== undefined),
    );
    return merge(identification.ready$, taken$);
  };
}
