-- PostgreSQL's wide without the array, which MariaDB has no type for.
SET time_zone = '+00:00';
DROP TABLE IF EXISTS loading;
CREATE TABLE loading (
    id bigint PRIMARY KEY,
    ts_tz timestamp(6) NULL,
    ts datetime(6),
    flag tinyint(1),
    score double,
    amount decimal(38, 9),
    uid char(36),
    doc json,
    body text,
    raw varbinary(64),
    note text,
    cnt int,
    d date
) ENGINE = InnoDB;
LOAD DATA INFILE '{file}' INTO TABLE loading CHARACTER SET utf8mb4
    (id, ts_tz, ts, flag, score, amount, uid, doc, body, @raw, note, cnt, d)
    SET raw = unhex(@raw);
ANALYZE TABLE loading;
RENAME TABLE loading TO wide;
