"""What many machines need: order, limits and traces of jobs; on PostgreSQL, notifications of events."""

import sqlalchemy as sa
from alembic import op

revision = "0002_cluster"
down_revision = "0001_service"
branch_labels = None
depends_on = None

_NOTIFY = """
CREATE FUNCTION daguerre_tell_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('daguerre_events', row_to_json(NEW)::text);
    RETURN NULL;
END;
$$
"""
_TRIGGER = "CREATE TRIGGER daguerre_events AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION daguerre_tell_event()"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("job_class", sa.String(length=12), nullable=False, server_default="interactive"))
    op.add_column("jobs", sa.Column("need", sa.String(length=12), nullable=False, server_default="default"))
    op.add_column("jobs", sa.Column("rank", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("task", sa.BigInteger(), nullable=True))
    op.add_column("jobs", sa.Column("trace", sa.String(length=64), nullable=True))
    op.add_column("workers", sa.Column("number", sa.BigInteger(), nullable=True))
    op.add_column("keys", sa.Column("job_class", sa.String(length=12), nullable=False, server_default="interactive"))
    op.add_column("keys", sa.Column("job_limit", sa.Integer(), nullable=True))
    versions = op.create_table(
        "versions",
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("part"),
    )
    op.bulk_insert(versions, [{"part": "tables", "version": revision}])
    if op.get_bind().dialect.name == "postgresql":
        waiting = sa.text("phase = 'queued' AND task IS NOT NULL")
        op.create_index("jobs_rank", "jobs", ["job_class", "rank"], postgresql_where=waiting)
        op.create_index("jobs_owner_rank", "jobs", ["owner", "job_class", "rank"], postgresql_where=waiting)
        op.execute(_NOTIFY)
        op.execute(_TRIGGER)
