-- What all revisions together make of an empty database, so that a new one needs no Alembic: a test compares them.

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE facts (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    unix FLOAT NOT NULL,
    tick BIGINT NOT NULL,
    boot VARCHAR NOT NULL,
    lab VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    data TEXT NOT NULL
);

CREATE UNIQUE INDEX one_prediction ON facts (lab, step) WHERE kind = 'predicted';

CREATE TABLE sent (
    service VARCHAR NOT NULL,
    line INTEGER NOT NULL,
    PRIMARY KEY (service)
);

INSERT INTO alembic_version (version_num) VALUES ('0002');
