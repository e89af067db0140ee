/**
 * The tables of an audit store. `records` is a chain: each `sum` is the SHA-256 of the one before and of the record's
 * text, so that a changed, missing or inserted record is noticed. What retention removes is the beginning of the chain;
 * `anchor` keeps the last sum of it. What records are looked up by is computed from their text, so that it cannot differ.
 */
export const migrations: readonly string[] = [
  `
CREATE TABLE records (
  n INTEGER PRIMARY KEY,
  sum BLOB NOT NULL,
  record TEXT NOT NULL,
  id TEXT AS (record ->> '$.id'),
  time TEXT AS (record ->> '$.time'),
  station TEXT AS (record ->> '$.station'),
  model TEXT AS (record ->> '$.model.sha256'),
  verdict TEXT AS (record ->> '$.verdict'),
  image TEXT AS (record ->> '$.image.sha256')
) STRICT;
CREATE UNIQUE INDEX records_by_id ON records (id);
CREATE INDEX records_by_time ON records (time);
CREATE INDEX records_by_station ON records (station);
CREATE INDEX records_by_verdict ON records (verdict);
CREATE INDEX records_by_image ON records (image);

CREATE TABLE anchor (one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL, sum BLOB NOT NULL) STRICT;
INSERT INTO anchor VALUES (1, 0, zeroblob(32));

CREATE TABLE images (sum TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TRIGGER records_are_added BEFORE INSERT ON records
WHEN NEW.n <> 1 + coalesce((SELECT max(n) FROM records), (SELECT n FROM anchor))
  OR EXISTS (SELECT 1 FROM records WHERE id = NEW.record ->> '$.id')
BEGIN SELECT RAISE(ABORT, 'records are added at the end, and once'); END;

CREATE TRIGGER records_stay_as_they_are BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'records are never changed'); END;

CREATE TRIGGER records_stay BEFORE DELETE ON records WHEN OLD.n > (SELECT n FROM anchor)
BEGIN SELECT RAISE(ABORT, 'records are removed by retention only'); END;

CREATE TRIGGER anchor_is_a_record BEFORE UPDATE ON anchor
WHEN NOT EXISTS (SELECT 1 FROM records WHERE n = NEW.n AND sum = NEW.sum)
BEGIN SELECT RAISE(ABORT, 'the anchor is the last record that retention removes'); END;

CREATE TRIGGER anchor_stays BEFORE DELETE ON anchor
BEGIN SELECT RAISE(ABORT, 'the anchor is never removed'); END;
`,
];

/** "uflo": tells an audit store from other SQLite files. */
export const applicationId = 0x75666c6f;
