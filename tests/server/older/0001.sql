BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
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
INSERT INTO "facts" VALUES(1,1700000000.0,0,'boot-1','L04','',1,'opened','{"kind":"opened","files":{"L04.ipynb":"dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}}');
INSERT INTO "facts" VALUES(2,1700000005.0,5000000000,'boot-1','L04','guess',1,'predicted','{"kind":"predicted","answers":{"q1":"it hangs, 你好 \\ '' \""},"late":false,"passes":true}');
INSERT INTO "facts" VALUES(3,1700000010.0,10000000000,'boot-1','L04','four-at-once',1,'judged','{"kind":"judged","result":{"step":"four-at-once","kind":"code","verdict":"failed","counts":true,"assisted":null,"not_recorded":[],"goals":[{"id":"two","text":"Two workers","phase":null,"verdict":"failed","expected":"","observed":"","reason":"","hint":"","note":"","mistake":null}]},"met":[],"kernel":"k1"}');
INSERT INTO "facts" VALUES(4,1700000020.0,20000000000,'boot-1','L04','four-at-once',1,'hint','{"kind":"hint","level":2}');
INSERT INTO "facts" VALUES(5,1700000030.0,30000000000,'boot-1','L04','four-at-once',1,'judged','{"kind":"judged","result":{"step":"four-at-once","kind":"code","verdict":"passed","counts":true,"assisted":null,"not_recorded":[],"goals":[{"id":"two","text":"Two workers","phase":null,"verdict":"passed","expected":"","observed":"","reason":"","hint":"","note":"","mistake":null}]},"met":[],"kernel":"k1"}');
INSERT INTO "facts" VALUES(6,1700000040.0,40000000000,'boot-1','L04','initialise',1,'solution','{"kind":"solution"}');
CREATE UNIQUE INDEX one_prediction ON facts (lab, step) WHERE kind = 'predicted';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('facts',6);
COMMIT;
