-- The flights that left New York City in 2013, with keys, indexes and comments.
CREATE TABLE airlines (
    carrier text PRIMARY KEY,
    name text NOT NULL
);
COMMENT ON TABLE airlines IS 'Airlines and their two-letter codes';

CREATE TABLE airports (
    faa text PRIMARY KEY,
    name text NOT NULL,
    lat double precision NOT NULL,
    lon double precision NOT NULL,
    alt integer NOT NULL,
    tz numeric(4, 2) NOT NULL,
    dst character(1) NOT NULL,
    tzone text
);
COMMENT ON TABLE airports IS 'Airports and where they lie';
COMMENT ON COLUMN airports.alt IS 'Height above the sea, in feet';
COMMENT ON COLUMN airports.tz IS 'Hours from UTC';

CREATE TABLE planes (
    tailnum text PRIMARY KEY,
    year smallint,
    type text NOT NULL,
    manufacturer text NOT NULL,
    model text NOT NULL,
    engines smallint NOT NULL,
    seats smallint NOT NULL,
    speed smallint,
    engine text NOT NULL
);
COMMENT ON TABLE planes IS 'The register of planes of the Federal Aviation Administration';

CREATE TABLE weather (
    origin text NOT NULL REFERENCES airports,
    year smallint NOT NULL,
    month smallint NOT NULL,
    day smallint NOT NULL,
    hour smallint NOT NULL,
    temp numeric(5, 2),
    dewp numeric(5, 2),
    humid numeric(5, 2),
    wind_dir smallint,
    wind_speed double precision,
    wind_gust double precision,
    precip numeric(5, 2) NOT NULL,
    pressure numeric(6, 1),
    visib numeric(4, 2) NOT NULL,
    time_hour timestamptz NOT NULL,
    PRIMARY KEY (origin, time_hour)
);
COMMENT ON TABLE weather IS 'Weather at the three airports, hour by hour';

CREATE TABLE flights (
    year smallint NOT NULL,
    month smallint NOT NULL,
    day smallint NOT NULL,
    dep_time smallint,
    sched_dep_time smallint NOT NULL,
    dep_delay smallint,
    arr_time smallint,
    sched_arr_time smallint NOT NULL,
    arr_delay smallint,
    carrier text NOT NULL REFERENCES airlines,
    flight integer NOT NULL,
    tailnum text,
    origin text NOT NULL REFERENCES airports,
    dest text NOT NULL,
    air_time smallint,
    distance smallint NOT NULL,
    hour smallint NOT NULL,
    minute smallint NOT NULL,
    time_hour timestamptz NOT NULL,
    flight_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
COMMENT ON TABLE flights IS 'Every flight that left New York City in 2013';
COMMENT ON COLUMN flights.dep_delay IS 'Minutes; negative when early, null when cancelled';
COMMENT ON COLUMN flights.time_hour IS 'The scheduled hour of departure';
