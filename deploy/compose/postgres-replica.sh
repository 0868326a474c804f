#!/bin/sh
# The synchronous replica: copies the primary at its first start, then follows it.
set -eu
data=/var/lib/postgresql/data/replica
if [ ! -s "$data/PG_VERSION" ]; then
	rm -rf "$data"
	pg_basebackup --host postgres --username replica --pgdata "$data" --write-recovery-conf --slot replica --wal-method stream
	chmod 0700 "$data"
	# The name that the primary waits for.
	printf "primary_conninfo = 'host=postgres user=replica password=%s application_name=replica'\n" "$PGPASSWORD" >>"$data/postgresql.auto.conf"
fi
exec postgres -D "$data" -c hot_standby=on
