"""Signs people in with Authlib in FastAPI, as its chapter "FastAPI OAuth Client" says."""

import uvicorn

# snippet
import os

from authlib.integrations.starlette_client import OAuth
from fastapi import FastAPI, Request
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse, RedirectResponse

app = FastAPI()
app.add_middleware(SessionMiddleware, secret_key=os.urandom(32).hex())

oauth = OAuth()
oauth.register(
    name="cardea",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=os.environ["ISSUER"] + "/.well-known/openid-configuration",
    client_kwargs={"scope": "openid email profile"},
)


@app.get("/login")
async def login(request: Request):
    return await oauth.cardea.authorize_redirect(request, request.url_for("auth"))


@app.get("/auth")
async def auth(request: Request):
    token = await oauth.cardea.authorize_access_token(request)
    request.session["user"] = dict(token["userinfo"])
    request.session["id_token"] = token["id_token"]
    return RedirectResponse("/")


@app.get("/logout")
async def logout(request: Request):
    hint = request.session.pop("id_token")
    return await oauth.cardea.logout_redirect(request, str(request.url_for("login")), id_token_hint=hint)
# end of the snippet


@app.get("/")
async def home(request: Request):
    return PlainTextResponse(request.session["user"]["email"])


uvicorn.run(app, port=int(os.environ["PORT"]), log_level="info")
