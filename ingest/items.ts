import type { ItemRow } from './event.ts';
import { mostInt, plainText } from './fields.ts';
import { foldId } from './identity.ts';
import { addIssue, addMark, type Intake } from './intake.ts';
import { itemPriceKeys, itemProductKeys, itemQuantityKeys, itemTotalKeys } from './keys.ts';
import { centsOf } from './money.ts';
import { find } from './sections.ts';
import { isObject } from './shape.ts';

const longestId = 64;
/** a body has at most 1,000 keys, so that more lines could not say anything */
const mostItems = 1_000;

const productOf = (intake: Intake, item: Record<string, unknown>, field: string): string | null => {
  const text = plainText(find([item], itemProductKeys));
  if (text === null) return null;
  if (text !== undefined && text.length <= longestId) return foldId(text);
  addMark(intake, field, text === undefined ? 'not_text' : 'too_long');
  return null;
};

const quantityOf = (intake: Intake, item: Record<string, unknown>, field: string): number | null => {
  const value = find([item], itemQuantityKeys);
  if (value === undefined) return null;
  const number = typeof value === 'string' && /^\d+(?:\.0+)?$/.test(value.trim()) ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= mostInt)
    return number;
  addMark(intake, field, 'not_valid');
  return null;
};

const moneyOf = (
  intake: Intake,
  item: Record<string, unknown>,
  keys: readonly string[],
  field: string,
): number | null => {
  const value = find([item], keys);
  if (value === undefined) return null;
  const cents = centsOf(value);
  if (cents !== undefined) return cents;
  addMark(intake, field, 'not_valid');
  return null;
};

export type ItemFields = Omit<ItemRow, 'event_id' | 'order_id'>;

const none: readonly ItemFields[] = [];

/**
 * The lines of an event that carries items, numbered from 1 by their place in the list. What a line says that
 * its column cannot hold is NULL with a mark (one bad price must not lose the order); a line that is no object
 * or says nothing makes no row.
 * @param given what stands under the aliases of items
 */
export const itemsOf = (intake: Intake, given: unknown): readonly ItemFields[] => {
  if (!Array.isArray(given)) return none;
  const list: readonly unknown[] = given;
  if (list.length > mostItems) {
    addIssue(intake, 'items', 'too_big', `an event has at most ${mostItems} items`);
    return [];
  }
  const items: ItemFields[] = [];
  for (const [index, item] of list.entries()) {
    const line = index + 1;
    if (!isObject(item)) {
      addMark(intake, `items.${line}`, 'not_an_object');
      continue;
    }
    const fields: ItemFields = {
      line_number: line,
      product_id: productOf(intake, item, `items.${line}.product_id`),
      quantity: quantityOf(intake, item, `items.${line}.quantity`),
      unit_price: moneyOf(intake, item, itemPriceKeys, `items.${line}.unit_price`),
      line_total: moneyOf(intake, item, itemTotalKeys, `items.${line}.line_total`),
    };
    const { product_id, quantity, unit_price, line_total } = fields;
    if (product_id === null && quantity === null && unit_price === null && line_total === null) continue;
    items.push(fields);
  }
  return items;
};
