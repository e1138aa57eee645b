BEGIN TRANSACTION;
CREATE TABLE deadlines (
	class_name VARCHAR(255) NOT NULL, 
	lab VARCHAR(120) NOT NULL, 
	due DOUBLE NOT NULL, 
	set_by VARCHAR(255) NOT NULL, 
	PRIMARY KEY (class_name, lab)
);
INSERT INTO "deadlines" VALUES('*','L04',1700100000.0,'teach');
CREATE TABLE handins (
	number INTEGER NOT NULL, 
	learner VARCHAR(255) NOT NULL, 
	lab VARCHAR(120) NOT NULL, 
	received DOUBLE NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	size INTEGER NOT NULL, 
	notebook BLOB NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "handins" VALUES(1,'ada','L04',1700000170.0,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',13,X'7B2263656C6C73223A205B5D7D');
INSERT INTO "handins" VALUES(2,'bob','L04',1700000171.0,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',14,X'00FF206E6F206E6F7465626F6F6B');
CREATE TABLE parallab_class_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT parallab_class_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "parallab_class_version" VALUES('0002');
CREATE TABLE questions (
	number INTEGER NOT NULL, 
	learner VARCHAR(255) NOT NULL, 
	lab VARCHAR(120) NOT NULL, 
	step VARCHAR(120) NOT NULL, 
	text TEXT NOT NULL, 
	asked DOUBLE NOT NULL, 
	answer TEXT DEFAULT '' NOT NULL, 
	answered_by VARCHAR(255) DEFAULT '' NOT NULL, 
	answered DOUBLE, 
	over BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "questions" VALUES(1,'bob','L04','four-at-once','It hangs. 你好 \ '' " ; --',1700000130.0,'','',NULL,0);
INSERT INTO "questions" VALUES(2,'cy','L04','initialise','Is this right?',1700000140.0,'Yes, quite.','teach',1700000160.0,0);
CREATE TABLE rechecks (
	learner VARCHAR(255) NOT NULL, 
	lab VARCHAR(120) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	checked DOUBLE NOT NULL, 
	data TEXT NOT NULL, 
	PRIMARY KEY (learner, lab)
);
INSERT INTO "rechecks" VALUES('ada','L04','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1700000190.0,'{"schema":1,"name":"ada","digest":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","asked":"x","lab":"L04","outcome":"passed","reason":"","passed":1,"counted":1,"hangs":[],"report":{"schema":1,"lab":"L04","version":1,"python":"3.11.7","start_method":"fork","skipped":[],"steps":[{"step":"four-at-once","kind":"code","verdict":"passed","counts":true,"assisted":null,"not_recorded":[],"goals":[]}]},"rechecked":true,"at":1700000190.0,"seconds":0.0,"sandbox":"bubblewrap","memory_limit":"","parallab":"0","python":"3.11.7","host":"h"}');
CREATE TABLE reports (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	learner VARCHAR(255) NOT NULL, 
	id VARCHAR(32) NOT NULL, 
	happened DOUBLE NOT NULL, 
	received DOUBLE NOT NULL, 
	data TEXT NOT NULL, 
	CONSTRAINT each_once UNIQUE (learner, id)
);
INSERT INTO "reports" VALUES(1,'ada','00000000000000000000000000000001',1700000000.0,1700000001.0,'{"id":"00000000000000000000000000000001","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"judged","verdict":"failed","counts":true,"assisted":false,"late":false,"level":0,"mistakes":[{"id":"start-join","sentence":"It waits for each worker before it starts the next."}],"message":""}');
INSERT INTO "reports" VALUES(2,'ada','00000000000000000000000000000002',1700000060.0,1700000061.0,'{"id":"00000000000000000000000000000002","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"hint","verdict":null,"counts":true,"assisted":false,"late":false,"level":1,"mistakes":[],"message":""}');
INSERT INTO "reports" VALUES(3,'ada','00000000000000000000000000000003',1700000120.0,1700000121.0,'{"id":"00000000000000000000000000000003","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"judged","verdict":"passed","counts":true,"assisted":true,"late":false,"level":0,"mistakes":[],"message":""}');
INSERT INTO "reports" VALUES(4,'bob','00000000000000000000000000000004',1700000130.0,1700000131.0,'{"id":"00000000000000000000000000000004","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"help","verdict":null,"counts":true,"assisted":false,"late":false,"level":0,"mistakes":[],"message":"It hangs. 你好 \\ '' \" ; --"}');
INSERT INTO "reports" VALUES(5,'bob','00000000000000000000000000000005',1700000131.0,1700000132.0,'{"id":"00000000000000000000000000000005","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"solution","verdict":null,"counts":true,"assisted":false,"late":false,"level":0,"mistakes":[],"message":""}');
INSERT INTO "reports" VALUES(6,'cy','00000000000000000000000000000006',1700000140.0,1700000141.0,'{"id":"00000000000000000000000000000006","age":1.5,"lab":"L04","step":"initialise","version":1,"kind":"help","verdict":null,"counts":true,"assisted":false,"late":false,"level":0,"mistakes":[],"message":"Is this right?"}');
INSERT INTO "reports" VALUES(7,'cy','00000000000000000000000000000007',1700000150.0,1700000151.0,'{"id":"00000000000000000000000000000007","age":1.5,"lab":"L04","step":"four-at-once","version":1,"kind":"kind-of-later","verdict":null,"counts":true,"assisted":false,"late":true,"level":0,"mistakes":[],"message":""}');
CREATE TABLE rulings (
	learner VARCHAR(255) NOT NULL, 
	lab VARCHAR(120) NOT NULL, 
	excused BOOLEAN NOT NULL, 
	score DOUBLE, 
	reason TEXT NOT NULL, 
	ruled_by VARCHAR(255) NOT NULL, 
	ruled DOUBLE NOT NULL, 
	PRIMARY KEY (learner, lab)
);
INSERT INTO "rulings" VALUES('bob','L04',1,NULL,'ill','teach',1700000180.0);
INSERT INTO "rulings" VALUES('ada','L05',0,0.75,'told me herself','teach',1700000181.0);
CREATE TABLE wanted_rechecks (
	class_name VARCHAR(255) NOT NULL, 
	lab VARCHAR(120) NOT NULL, 
	wanted_by VARCHAR(255) NOT NULL, 
	wanted DOUBLE NOT NULL, 
	PRIMARY KEY (class_name, lab)
);
INSERT INTO "wanted_rechecks" VALUES('*','L04','teach',1700000200.0);
CREATE INDEX open_questions ON questions (over, learner);
CREATE INDEX handins_of ON handins (learner, lab);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('reports',7);
COMMIT;
