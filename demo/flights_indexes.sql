CREATE INDEX flights_time_hour ON flights (time_hour);
CREATE INDEX flights_tailnum ON flights (tailnum);
CREATE VIEW late_flights AS SELECT * FROM flights WHERE dep_delay > 60;
COMMENT ON VIEW late_flights IS 'More than an hour late';
ANALYZE;
