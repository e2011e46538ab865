"""The connection to Postgres; each service has its own role and schema."""

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from minutier.shared.settings import DatabaseSettings


def connect(settings: DatabaseSettings) -> AsyncEngine:
    """A lazily connecting engine whose waits are all bounded."""
    milliseconds = int(settings.timeout_seconds * 1000)
    return create_async_engine(
        str(settings.url),
        # The values of a failed statement may quote a meeting.
        hide_parameters=True,
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=settings.timeout_seconds,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": max(2, int(settings.timeout_seconds)),
            "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} "
            f"-c idle_in_transaction_session_timeout={6 * milliseconds}",
            "tcp_user_timeout": milliseconds,
        },
    )
