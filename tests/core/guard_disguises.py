"""Sins in disguise: the ways round each rule that a hurried colleague, or a clever one, would find; and what only looks
like one."""

from __future__ import annotations

from tests.core.guard_cases import CORE, MODELS, PURE, ROUTER, SCHEMAS, SERVICE, Honest, Sin, each

REPOSITORY = "challenges/repository.py"
TWO_WORDS = "A = 'DELETE'\nB = 'FROM users'\n"

DISGUISED = [
    # Another name for the toolkit, and for what it gives.
    *each(
        "sql-text", MODELS, 3,
        "import sqlalchemy\nmatch sqlalchemy:\n    case m: Q = m.text('x')",
        "import sqlalchemy as sa\nclass A: sa = sa\nQ = A.sa.text('x')",
        "import sqlalchemy as sa\ndef toolkit(): return sa\nQ = toolkit().text('x')",
        "import sqlalchemy as sa\nfind = lambda: sa\nQ = find().text('x')",
        "import sqlalchemy as sa\nKITS = (sa, None)\nfor kit in KITS: kit.text('x')",
        "import sqlalchemy as sa\na = sa\nQ = a.text('x')",
        "try: from sqlalchemy import Text\nexcept ImportError: ...\nfrom sqlalchemy import text",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sqlalchemy import text",
    ),
    *each("sql-text", MODELS, 5, "import sqlalchemy as sa\nclass A:\n    def __init__(self): self.kit = sa\n"
          "    def f(self):\n        return self.kit.text('x')"),
    *each(
        "sql-text", MODELS, 2,
        "import sqlalchemy as sa\nQ = sa.__dict__.get('text')('x')",
        "import sqlalchemy as sa\nQ = vars(sa).get('text')('x')",
        "import sqlalchemy as sa\nQ = dict(vars(sa))['text']('x')",
        "from operator import methodcaller as ask; import sqlalchemy\nQ = ask('text', 'x')(sqlalchemy)",
        "import sqlalchemy as sa\nQ = getattr(sa, ''.join(['te', 'xt']))('x')",
        "import sys\nQ = sys.modules.get('sqlalchemy').text('x')",
        "from sqlalchemy import column\nQ = column('count(*)', is_literal=True)",
        "from sqlalchemy.sql.selectable import Select\nfrom sqlalchemy.sql.selectable import TextAsFrom",
    ),
    *each(
        "sql-text", SERVICE, 1,
        "def f(c): return object.__getattribute__(c, 'exec_driver_sql')",
        "def f(c): return type(c).__dict__['exec_driver_sql']",
        "def f(c): return vars(type(c))['exec_driver_sql']",
        "def f(question): return question.prefix_with('OR REPLACE')",
        "def f(question, said): return question.from_statement(said)",
    ),
    # SQL in pieces.
    *each(
        "raw-sql", SERVICE, 3,
        f"{TWO_WORDS}Q = f'{{A}} {{B}}'",
        f"{TWO_WORDS}Q = '%(a)s %(b)s' % {{'a': A, 'b': B}}",
        f"{TWO_WORDS}Q = '{{a}} {{b}}'.format(**{{'a': A, 'b': B}})",
        f"{TWO_WORDS}Q = '{{a}} {{b}}'.format_map({{'a': A, 'b': B}})",
        f"{TWO_WORDS}Q = '{{1}} {{0}}'.format(B, A)",
        f"{TWO_WORDS}Q = str.format('{{}} {{}}', A, B)",
        f"{TWO_WORDS}Q = A.__add__(' ').__add__(B)",
        f"{TWO_WORDS}Q = add(A + ' ', B)",
        f"{TWO_WORDS}Q = ' '.join({{A: 1, B: 2}})",
        f"{TWO_WORDS}Q = ' '.join(chain([A], [B]))",
        f"{TWO_WORDS}Q = ' '.join(reversed([B, A]))",
        f"{TWO_WORDS}Q = ' '.join(word.strip() for word in [A, B])",
        "parts = list()\nparts.append('DELETE'); parts.append('FROM users')\nQ = ' '.join(parts)",
        "parts = ['DELETE']\nparts.insert(1, 'FROM users')\nQ = ' '.join(parts)",
        "VERBS = {'a': 'DELETE'}\nfor verb in VERBS.values():\n    Q = f'{verb} FROM users'",
        "VERBS = ('DELETE', 'x')\nfor verb in VERBS:\n    Q = f'{verb} FROM users'",
        "def verb():\n    return 'DELETE'\nQ = verb() + ' FROM users'",
        "q = 'DELETE'\nq = q + ' FROM '\nq = q + 'users'",
    ),
    *each(
        "raw-sql", SERVICE, 4,
        "class A:\n    def f(self): self.p = []; self.p.append('DELETE')\n    def g(self): self.p.append('FROM x')\n"
        "    def h(self): return ' '.join(self.p)",
    ),
    *each(
        "raw-sql", SERVICE, 2,
        "from string import Template\nQ = Template('$verb FROM users').substitute(verb='DELETE')",
        "V = {'verb': 'DELETE'}\nQ = V.get('verb') + ' FROM users'",
        "V = dict(verb='DELETE')\nQ = V['verb'] + ' FROM users'",
        "V = ['FROM users', 'DELETE']\nQ = V[-1] + ' ' + V[0]",
        "verb = lambda: 'DELETE'\nQ = f'{verb()} FROM users'",
    ),
    *each(
        "raw-sql", SERVICE, 1,
        "Q = 'xxDELETE FROM users'[2:]",
        "Q = ' '.join('DELETE|FROM|users'.split('|'))",
        "Q = 'x|DELETE FROM users'.split('|')[1]",
        "Q = 'DELETE*FROM*users'.translate({42: 32})",
        "Q = 'DELETE'.ljust(7) + 'FROM users'",
        "Q = 'xDELETE FROM users'.removeprefix('x')",
        "Q = 'DELETE\\0FROM users'",
        "Q = \"SELECT id, ';'; first\"",
        "Q = 'BEGIN; COMMIT'",
        "Q = 'CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END'",
        "Q = f'SELECT {\", \".join(columns)} FROM users'",
    ),
    Sin("raw-sql", SERVICE, 2, "match x:\n    case 'DELETE FROM users': ..."),
    *each(
        "sql-machinery", SERVICE, 1,
        "import aiomysql", "import psycopg_pool", "import sqlcipher3", "import postgresql", "import aiopg",
        "import pgdb", "import cx_Oracle", "import aioodbc", "import advanced_alchemy", "import redis", "import shelve",
        "from lifetracker.core.sqlite import driver as d",
    ),
    *each("sql-machinery", ROUTER, 1, "from sqlite3.dbapi2 import connect"),
    # Words to the terminal, and a log beside the log.
    *each(
        "print", SERVICE, 1,
        "globals()['__builtins__']['print']('x')",
        "import os; os.write(fd=1, data=b'x')",
        "open(file=2, mode='w')",
        "import os; os.dup2(1, 3)",
        "import code; code.interact()",
        "import getpass; getpass.getpass('x')",
        "from functools import partial; say = partial(print, 'x')",
        "each(map(print, x))",
        "def f(say=print): say('x')",
        "import json, sys; json.dump(x, sys.stdout)",
        "import sys; vars(sys)['stdout'].write('x')",
        "import multiprocessing; multiprocessing.log_to_stderr()",
    ),
    *each(
        "second-log", SERVICE, 1,
        "def f(log): getattr(log, 'addHandler')(x)",
        "import coloredlogs",
        "from pythonjsonlogger import jsonlogger",
        "import google.cloud.logging",
    ),
    *each(
        "second-log", SERVICE, 4,
        "from loguru import logger\nclass A:\n    log = logger\n    def f(self): self.log.add('x')",
    ),
    # Who ends a unit of work.
    *each(
        "commit", SERVICE, 1,
        "def f(tx): [end() for end in [tx.commit]]",
        "def f(tx): {'end': tx.commit}['end']()",
        "def f(tx): end = tx.commit if tx else None",
        "def f(t: Transaction): later(t.commit)",
        "def f(s): later(s.commit)",
        "def f(release): end = release.commit; end()",
        "from operator import methodcaller as ask; ask('commit')(x)",
        "def f(tx): object.__getattribute__(tx, 'commit')()",
        "def f(tx): vars(tx)['commit']()",
        "def f(tx): tx.__class__.commit(tx)",
        "def f(tx): get_session().rollback",
        "def f(tx): tx.run('COMMIT')",
        "def f(tx): tx.execute(statement='COMMIT')",
        "def f(tx): tx.execute('BEGIN')",
        "def f(tx): tx.connection().begin_nested()",
        "def f(c): c.tpc_commit()",
        "def f(c): setattr(c, 'autocommit', True)",
        "def f(c): c.isolation_level = None",
        "def f(e): e.execution_options(**{'isolation_level': 'AUTOCOMMIT'})",
        "def f(e): connect(e, autocommit=True)",
    ),
    # What no reader reads, and no room holds.
    *each("unreadable", "challenges/fast.pyi", 1, "X: int"),
    *each("unreadable", "challenges/fast.cpython-311-x86_64-linux-gnu.so", 1, "x"),
    *each("unreadable", "challenges/code.zip", 1, "x"),
    *each("unreadable", "challenges/latest.sql", 1, "SELECT id FROM users"),
    *each("unreadable", SERVICE, 1, "# -*- coding: nonsense -*-"),
    *each("print", SERVICE, 2, "# -*- coding: latin-1 -*-\nprint('x')", "\f\nprint('x')", "x = 1\rprint('x')"),
    *each("print", SERVICE, 1, "\ufeffprint('x')"),
    *each("no-place", "helpers/deep/words.py", 1, "X = 1"),
    # Every direction, by every spelling.
    *each(
        "layer", SERVICE, 1,
        "import lifetracker.users.repository as people",
        "from lifetracker import users; users.repository.find",
        "from lifetracker import users; getattr(users, 'repo' 'sitory').find",
        "from lifetracker import users; vars(users)['models']",
        "from ..users import token_repository",
    ),
    *each("layer", ROUTER, 1, "from lifetracker import challenges; challenges.repository.find"),
    *each("layer", MODELS, 1, "from . import repository", "from ..users.models import User"),
    *each("layer", "challenges/dependencies.py", 1, "from . import repository"),
    *each("layer", "challenges/life_service.py", 1, "from ..users import repository"),
    *[
        Sin("direction", f"{right}/extra.py", 1, f"from ..{left} import schemas")
        for at, right in enumerate(("core", "users", "templates", "challenges", "daily_log"))
        for left in ("users", "templates", "challenges", "daily_log", "ops")[at:]
    ],
    *[Sin("direction", f"{right}/extra.py", 1, "from lifetracker import cli") for right in ("core", "users", "ops")],
    *[
        Sin("http", path, 1, "from starlette.responses import Response")
        for path in (MODELS, SCHEMAS, CORE, "cli.py", "wiring.py", "ops/extra.py", "core/db_repository.py")
    ],
]  # fmt: skip

LOOK_ALIKE = [
    Honest(SERVICE, "TITLES = ['Begin', 'Begin again', 'Commit to it', 'Explain why', 'Analyze', 'With great power']"),
    Honest(SERVICE, "TITLES = ['Update your plan', 'Vacuum the flat', 'Replace coffee by tea', 'End of the day']"),
    Honest(SERVICE, "TITLES = ['Select all you like', 'Delete from your life what hurts', 'Limit sugar', 'Values']"),
    Honest(SERVICE, "TITLES = ['Begin; then keep going', 'Commit; do not give up', 'Repeat; rest', '; ', '--', '']"),
    Honest(SERVICE, "TITLE = 'Vacuum into the corners'"),
    Honest(SERVICE, "SAID = f'{a}; {b}', f'{verb} {thing}', f'-- {a}', f'{n} of {m} from {where}'"),
    Honest(SERVICE, "SAID = f'commit {sha[:7]} is out', f'rollback to {release}: done'"),
    Honest(SERVICE, "for verb in ('Select', 'Delete'):\n    SAID = f'{verb} this one, from the list'"),
    Honest(SERVICE, "def title(): return 'Select'\nSAID = f'{title()} a friend from the list of yours'"),
    Honest(SERVICE, "def f(names): names.add('from the list')\ndef g(x): x.add('Select', 'from the list of them')"),
    Honest(SERVICE, "class Shown:\n    print: bool = False\n    text: str = ''\n    open: bool = True"),
    Honest(SCHEMAS, "from pydantic import BaseModel\nclass Shown(BaseModel):\n    print: bool\n    select: str"),
    Honest(SERVICE, "def f(release): return release.commit"),
    Honest(SERVICE, "def f(release): logger.info('released {}', release.commit)"),
    Honest(SERVICE, "def f(i: Info): return Shown(commit=i.commit)"),
    Honest(SERVICE, "def f(releases): return sorted(releases, key=lambda r: r.commit)"),
    Honest(SERVICE, "def f(release): return getattr(release, 'commit', None)"),
    Honest(SERVICE, "class A:\n    commit: str\n    def f(self): return self.commit"),
    Honest(SERVICE, "def f(step): step.run('commit')\ndef g(journal): journal.begin(1)"),
    Honest(SERVICE, "class A:\n    def __init__(self): self.log = set()\n    def f(self): self.log.add('x')"),
    Honest(SERVICE, "x = person.__dict__['text'], vars(person)['print'], words.get('text'), words['text']"),
    Honest(SERVICE, "import pagination, catalogue_of_logs"),
    Honest(SERVICE, "def f(plan): plan.execute('the plan')\ndef print_exc(): ...\nprint_exc()"),
    Honest(SERVICE, "import traceback, importlib.metadata\ntraceback.format_exc()"),
    Honest(SERVICE, "x = 'DELETE'.ljust(10**9), 'x'.zfill(999999999), '\\t'.expandtabs(999999999), '%999999999d' % 1"),
    Honest(SERVICE, "x = 'a'.strip(1), 'a'.split(1), 'a'[1.5], {}[[]], chr(-1), ''.join(), '\\ud800'"),
    Honest(SERVICE, "f = lambda: f()\nf()()\ndef g(): return g()\ng().x.y()\nq = 'a'\n" + "q = q + q\n" * 9),
    Honest(REPOSITORY, "def f(question): return question.prefix_with('OR REPLACE')\nQ = 'BEGIN'"),
    Honest("ops/backup_repository.py", "def f(connection): connection.execute('BEGIN')"),
    Honest("challenges/notes.txt", "SELECT id FROM users"),
    Honest(PURE, "from .schemas import Challenge\nfrom ..templates import schedule"),
]  # fmt: skip
