/**
 * What an event means for the funnel, in the simulator's own words. It is written where the event is planned, never
 * read back from what is sent: so a fault of the pipeline's normalisation shows as a difference.
 */
export type Meaning =
  | {
      readonly kind: 'page_view' | 'add_to_cart' | 'begin_checkout';
      readonly session: string;
      readonly user: string | undefined;
      /** of a page view */
      readonly path: string | undefined;
      /** of a checkout that names its order */
      readonly order: string | undefined;
    }
  | {
      readonly kind: 'order';
      readonly order: string;
      /** the order's purchase, if no earlier event is */
      readonly paid: boolean;
      /** the order's price where the purchase itself names none */
      readonly created: boolean;
      readonly session: string | undefined;
      readonly user: string | undefined;
      /** hundredths */
      readonly cents: number | undefined;
      readonly currency: string | undefined;
    }
  /** stored, and no step of a funnel: clicks, bots, reviews */
  | { readonly kind: 'nothing' }
  /**
   * must become a dead letter with this reason; `unlessFirst`: or be stored, where it overtook the event whose id it
   * has, which then becomes the letter
   */
  | { readonly kind: 'broken'; readonly reason: string; readonly unlessFirst?: boolean };

/** `web`: a browser's, to /track or as `ui.*`; `service`: a shop service's, to the collector or the exchange. */
export type Lane = 'web' | 'service';

/** One event as it is planned: everything that is needed to send it, again and again, until it is promised. */
export interface SimulatedEvent {
  /** of the outcome that it must get: the event id, and apart from it for other content under an id */
  readonly key: string;
  readonly id: string;
  readonly lane: Lane;
  /** `ui.page_view`, `order.created`, … */
  readonly type: string;
  /** event time, ms */
  readonly at: number;
  /** not sent before, ms */
  readonly sendAt: number;
  /** a text goes out as it stands, and is no JSON */
  readonly body: Readonly<Record<string, unknown>> | string;
  readonly meaning: Meaning;
  readonly userAgent: string;
  readonly bot: boolean;
  /** what else is sent once this is promised: the same again, or other content under its id */
  readonly after: 'nothing' | 'again' | 'other_content';
}
