"""The peer of `GET /api/v1/detections`: the same road as FastAPI, SQLAlchemy and SQLite go it.

Verifies an ES256 token, looks at tenant, member and session, and lists detections newest first.
Started with a port and an empty folder; prints the access token of its one member, then serves.
"""

import base64
import secrets
import sys
import time
from datetime import datetime, timedelta, timezone
from typing import Annotated

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import ForeignKey, Index, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

port, folder = int(sys.argv[1]), sys.argv[2]
issuer = "urn:tenantry:peer"
signing_key = ec.generate_private_key(ec.SECP256R1())
verification_key = signing_key.public_key()

engine = create_engine(f"sqlite:///{folder}/peer.sqlite", pool_size=16)
new_session = sessionmaker(engine, expire_on_commit=False)


@event.listens_for(engine, "connect")
def use_wal(connection, _record):
    connection.execute("PRAGMA journal_mode=WAL")


class Base(DeclarativeBase):
    pass


class TenantRow(Base):
    __tablename__ = "tenants"
    id: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str]
    plan: Mapped[str | None]
    vni: Mapped[int | None]


class MemberRow(Base):
    __tablename__ = "members"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    role: Mapped[str]


class SessionRow(Base):
    __tablename__ = "sessions"
    id: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[str] = mapped_column(ForeignKey("members.id"))
    expires_at: Mapped[float]
    revoked_at: Mapped[float | None]


class DetectionRow(Base):
    __tablename__ = "detections"
    id: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"))
    ts: Mapped[str]
    source_ip: Mapped[str]
    label: Mapped[str]
    probability: Mapped[float]
    eni_id: Mapped[str | None]
    __table_args__ = (Index("series", "tenant_id", "ts", "id"),)


class Detection(BaseModel):
    id: str
    ts: str
    source_ip: str
    label: str
    probability: float
    eni_id: str | None = None
    vni: int | None = None


class Page(BaseModel):
    items: list[Detection]
    next_cursor: str | None


app = FastAPI()


def open_session():
    with new_session() as session:
        yield session


Db = Annotated[Session, Depends(open_session)]
Token = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


def current_tenant(token: Token, db: Db) -> TenantRow:
    try:
        claims = jwt.decode(token.credentials, verification_key, ["ES256"], issuer=issuer)
    except jwt.InvalidTokenError as error:
        raise HTTPException(401) from error
    found = db.execute(
        select(TenantRow, MemberRow, SessionRow)
        .join(MemberRow, MemberRow.tenant_id == TenantRow.id)
        .join(SessionRow, SessionRow.member_id == MemberRow.id)
        .where(
            TenantRow.id == claims["tenant_id"],
            MemberRow.id == claims["sub"],
            SessionRow.id == claims["sid"],
        )
    ).first()
    if found is None or found[2].revoked_at is not None or found[2].expires_at <= time.time():
        raise HTTPException(401)
    if found[0].status != "ACTIVE":
        raise HTTPException(403)
    return found[0]


@app.get("/api/v1/detections", response_model_exclude_none=False)
def list_detections(
    tenant: Annotated[TenantRow, Depends(current_tenant)],
    db: Db,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Page:
    horizon = (datetime.now(timezone.utc) - timedelta(days=90)).isoformat()
    rows = db.scalars(
        select(DetectionRow)
        .where(DetectionRow.tenant_id == tenant.id, DetectionRow.ts >= horizon)
        .order_by(DetectionRow.ts.desc(), DetectionRow.id.desc())
        .limit(limit + 1)
    ).all()
    items = [
        Detection(
            id=row.id,
            ts=row.ts,
            source_ip=row.source_ip,
            label=row.label,
            probability=row.probability,
            eni_id=row.eni_id,
            vni=tenant.vni,
        )
        for row in rows[:limit]
    ]
    last = items[-1] if len(rows) > limit else None
    cursor = base64.urlsafe_b64encode(f"{last.ts}#{last.id}".encode()).decode() if last else None
    return Page(items=items, next_cursor=cursor)


def fill() -> str:
    """Makes a tenant with one member and sixty detections; returns the member's access token."""
    Base.metadata.create_all(engine)
    now = datetime.now(timezone.utc)
    with new_session() as session:
        session.add(TenantRow(id="tnt_1", status="ACTIVE", plan="STARTER", vni=4711))
        session.flush()
        session.add(MemberRow(id="usr_1", tenant_id="tnt_1", role="owner"))
        session.flush()
        session.add(
            SessionRow(id="ses_1", member_id="usr_1", expires_at=time.time() + 3600, revoked_at=None)
        )
        session.add_all(
            DetectionRow(
                id=f"det_{secrets.token_hex(13)}",
                tenant_id="tnt_1",
                ts=(now - timedelta(milliseconds=index)).isoformat(),
                source_ip=f"192.0.2.{index}",
                label="MALWARE",
                probability=0.9,
                eni_id="eni-0123456789abcdef0",
            )
            for index in range(60)
        )
        session.commit()
    claims = {"iss": issuer, "sub": "usr_1", "tenant_id": "tnt_1", "sid": "ses_1", "exp": time.time() + 3600}
    return jwt.encode(claims, signing_key, "ES256")


if __name__ == "__main__":
    print(fill(), flush=True)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=True)
