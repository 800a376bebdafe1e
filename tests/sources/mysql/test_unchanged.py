"""Tables that somebody wants to change while they are read."""

from __future__ import annotations

import pytest

from tests.conftest import MariadbDatabase
from tests.sources.mysql.reading import reading

ROWS = 200_000


@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM"])
@pytest.mark.parametrize("change", ["TRUNCATE t", "ALTER TABLE t MODIFY n bigint", "DROP TABLE t"])
def test_nothing_is_changed_while_it_is_read(
    mariadb_database: MariadbDatabase, engine: str, change: str
) -> None:
    mariadb_database.execute(
        f"CREATE TABLE t (n int, a char(200)) ENGINE={engine};"
        f"INSERT INTO t SELECT seq, repeat('x', 200) FROM seq_1_to_{ROWS}"
    )
    with reading(mariadb_database, "t") as reader:
        batches = iter(reader)
        rows = next(batches).num_rows
        with pytest.raises(RuntimeError, match="Lock wait timeout"):
            mariadb_database.execute(f"SET lock_wait_timeout = 0; {change}")
        assert rows + sum(batch.num_rows for batch in batches) == ROWS == reader.rows_sent
