#!/bin/sh
# Runs once, when the primary's database is made: the replica's account, and the right to connect with it.
set -eu
psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
	--set password="$REPLICATION_PASSWORD" <<-'SQL'
	CREATE ROLE replica WITH REPLICATION LOGIN PASSWORD :'password';
	SELECT pg_create_physical_replication_slot('replica');
SQL
echo 'host replication replica samenet scram-sha-256' >>"$PGDATA/pg_hba.conf"
