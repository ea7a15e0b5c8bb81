-- Dead letters are followed like Bronze: what came or changed after a marker is found by row_version, and whole
-- minutes of received_at are counted anew (commit-protocol.md 16).
ALTER TABLE ops.dead_letter_events ADD row_version rowversion NOT NULL;
GO
CREATE INDEX IX_ops_dead_letter_events_row_version ON ops.dead_letter_events (row_version) INCLUDE (received_at);
CREATE INDEX IX_ops_dead_letter_events_received_at ON ops.dead_letter_events (received_at);
GO
