"""An API that verifies access tokens (RFC 9068) with PyJWT, in FastAPI."""

import uvicorn

# snippet
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPBearer

ISSUER, AUDIENCE = os.environ["ISSUER"], os.environ["AUDIENCE"]
app = FastAPI()

keys = jwt.PyJWKClient(ISSUER + "/.well-known/jwks.json")


def access_token(credentials=Depends(HTTPBearer())):
    token = credentials.credentials
    try:
        if jwt.get_unverified_header(token).get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("not an access token")
        key = keys.get_signing_key_from_jwt(token)
        return jwt.decode(token, key, algorithms=["RS256"], issuer=ISSUER, audience=AUDIENCE)
    except jwt.PyJWTError:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
# end of the snippet


@app.get("/", response_class=PlainTextResponse)
def subject(token=Depends(access_token)):
    return token["sub"]


uvicorn.run(app, port=int(os.environ["PORT"]))
