from fixtures import retort, shared_retort  # noqa: F401
