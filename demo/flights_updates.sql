-- When each flight was last changed, as the database sees to itself. Run at each start: a database
-- of an earlier demonstration gets it too.
ALTER TABLE flights ADD COLUMN IF NOT EXISTS
    updated_at timestamptz NOT NULL DEFAULT '2014-01-01 00:00Z';
ALTER TABLE flights ALTER updated_at SET DEFAULT now();
COMMENT ON COLUMN flights.updated_at IS 'When the row was last changed';
CREATE INDEX IF NOT EXISTS flights_updated_at ON flights (updated_at);
CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.updated_at := now(); RETURN NEW; END';
CREATE OR REPLACE TRIGGER flights_updated_at BEFORE UPDATE ON flights
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
