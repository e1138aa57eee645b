"""The progress database's schema, step by step, for Alembic; ``store`` runs what is missing at open."""
