import type { Member } from './entry.ts';

/**
 * The members that are on their way, in no order. Not a Set: when a Set that churns is rehashed, its old table
 * stays behind in the old generation and keeps all that stood in it, requests and bodies and rows, until the next
 * full collection. That was 4 of every 10 MB and a tenth of the main thread; here a place is simply used again.
 */
export interface MembersInFlight {
  add(member: Member): void;
  /** @returns false: it was not there */
  delete(member: Member): boolean;
  has(member: Member): boolean;
  /** as they are now; members may come and go meanwhile */
  copy(): readonly Member[];
  readonly size: number;
}

export function createMembersInFlight(): MembersInFlight {
  const members: Member[] = [];

  const has = (member: Member): boolean => members[member.place] === member;

  return {
    add(member) {
      if (has(member)) return;
      member.place = members.length;
      members.push(member);
    },
    delete(member) {
      if (!has(member)) return false;
      const last = members.pop();
      if (last !== undefined && last !== member) {
        members[member.place] = last;
        last.place = member.place;
      }
      member.place = -1;
      return true;
    },
    has,
    copy: () => [...members],
    get size() {
      return members.length;
    },
  };
}
