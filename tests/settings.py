"""The production settings with the few values that tests need otherwise."""

import os

_TEST_VALUES = {
    "CONTROLROOM_SECRET_KEY": "only-for-tests-0123456789-0123456789-0123456789-0123456789",
    "CONTROLROOM_FIELD_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "CONTROLROOM_AUDIT_KEY": "b25seS1mb3ItdGVzdHMtMDEyMzQ1Njc4OTAxMjM0NTY=",
    "CONTROLROOM_ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "CONTROLROOM_HTTPS": "false",
    "CONTROLROOM_LOG_LEVEL": "WARNING",
}
for _name, _value in _TEST_VALUES.items():
    os.environ.setdefault(_name, _value)
_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
# A web process that a test started shares the prefix of the test.
os.environ["CONTROLROOM_REDIS_PREFIX"] = os.environ.get(
    "CONTROLROOM_TEST_REDIS_PREFIX", f"test-{os.getpid()}-{_worker}"
)

from controlroom.settings import *  # noqa: E402, F403
from controlroom.settings import BASE_DIR, DATABASES, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# The test client signs in without a request; tests/controlroom/test_sign_in.py turns it on.
AXES_ENABLED = False
# A pool outlives the test that used it and holds the test database open.
DATABASES["default"]["OPTIONS"].pop("pool", None)
# What bin/test has migrated once for all workers; without it each migrates its own.
DATABASES["default"]["TEST"] = {"TEMPLATE": os.environ.get("CONTROLROOM_TEST_TEMPLATE")}
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# None are collected for the tests: what a room beside them collects must not be read half-written,
# and each test client would look through two thousand files.
STATIC_ROOT = BASE_DIR / "tests" / "static"
