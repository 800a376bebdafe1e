-- What ORM-made tables look like: JSON, arrays, long text, many digits, and NULLs everywhere.
BEGIN;
CREATE TABLE wide (
    id bigint PRIMARY KEY,
    ts_tz timestamptz,
    ts timestamp,
    flag boolean,
    score double precision,
    amount numeric(38, 9),
    uid uuid,
    doc jsonb,
    body text,
    tags text[],
    raw bytea,
    note text,
    cnt integer,
    d date
);
SELECT setseed(0.42);
INSERT INTO wide SELECT
    i,
    CASE WHEN i % 17 <> 0
        THEN timestamptz '2015-01-01 00:00:00+00' + random() * 315360000 * interval '1 second' END,
    CASE WHEN i % 13 <> 0
        THEN timestamp '2015-01-01' + random() * 315360000 * interval '1 second' END,
    CASE WHEN i % 11 <> 0 THEN random() < 0.5 END,
    CASE WHEN i % 7 <> 0 THEN (random() - 0.5) * 1e6 END,
    CASE WHEN i % 5 <> 0
        THEN random(-1e18, 1e18)::numeric(38, 9) / power(10::numeric, i % 10) END,
    CASE WHEN i % 19 <> 0 THEN md5(i::text)::uuid END,
    CASE WHEN i % 4 <> 0 THEN jsonb_build_object(
        'user', i % 10000,
        'name', 'Ünïcode ' || i % 977,
        'tags', jsonb_build_array('a', i % 7, NULL, true),
        'nested', jsonb_build_object(
            'q', E'quote " back\\slash', 'v', round((random() * 1000)::numeric, 3))) END,
    CASE WHEN i % 9 = 0 THEN NULL WHEN i % 10 = 0 THEN '' ELSE
        'Line one of ' || i || E'\nline "two", with comma; naïve café 漢字 🚀\t tab \\ backslash '
        || repeat(md5((i * 3)::text), (i % 6)::int) END,
    CASE WHEN i % 8 = 0 THEN NULL WHEN i % 8 = 1 THEN '{}'::text[]
        ELSE ARRAY['tag' || i % 50, NULL, 'q"uote, x', 'é' || i % 3] END,
    CASE WHEN i % 6 <> 0 THEN decode(md5(i::text) || md5((i + 1)::text), 'hex') END,
    CASE WHEN i % 3 = 0 THEN NULL WHEN i % 3 = 1 THEN '' ELSE '\N' END,
    CASE WHEN i % 23 <> 0 THEN (random() * 2000000000)::int - 1000000000 END,
    CASE WHEN i % 29 <> 0 THEN date '2000-01-01' + (random() * 9000)::int END
FROM generate_series(1, :rows::bigint) i;
COMMIT;
VACUUM (ANALYZE, FREEZE) wide;
