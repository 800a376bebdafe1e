-- A small shop in MariaDB. Each statement may be run again: what is there stays as it is.
CREATE TABLE IF NOT EXISTS customers (
    id int PRIMARY KEY,
    name varchar(100) NOT NULL,
    country char(2) NOT NULL,
    since date NOT NULL,
    updated_at timestamp(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),
    KEY (updated_at)
) COMMENT 'Who has ordered at least once';
INSERT IGNORE INTO customers
    SELECT seq, concat('Customer ', seq), elt(1 + seq % 5, 'DE', 'FR', 'PL', 'IT', 'NL'),
           '2019-01-01' + INTERVAL seq * 3 DAY, '2026-01-01' + INTERVAL seq MINUTE
    FROM seq_1_to_800;

CREATE TABLE IF NOT EXISTS products (
    id smallint unsigned PRIMARY KEY,
    name varchar(100) NOT NULL,
    price decimal(10, 2) NOT NULL
) COMMENT 'What can be ordered';
INSERT IGNORE INTO products
    SELECT seq, concat('Product ', seq), 5 + seq * 1.25 FROM seq_1_to_60;

CREATE TABLE IF NOT EXISTS orders (
    id bigint unsigned PRIMARY KEY,
    customer_id int NOT NULL REFERENCES customers (id),
    product_id smallint unsigned NOT NULL REFERENCES products (id),
    quantity tinyint unsigned NOT NULL,
    note text,
    updated_at timestamp(6) NOT NULL DEFAULT current_timestamp(6) ON UPDATE current_timestamp(6),
    KEY (updated_at)
) COMMENT 'Each product of each order';
INSERT IGNORE INTO orders
    SELECT seq, 1 + seq * 7 % 800, 1 + seq * 11 % 60, 1 + seq % 4,
           if(seq % 10 = 0, 'Please leave it with the neighbours', NULL),
           '2026-01-01' + INTERVAL seq MINUTE
    FROM seq_1_to_20000;
ANALYZE TABLE customers, products, orders;
