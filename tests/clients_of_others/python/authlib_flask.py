"""Signs people in with Authlib, as its chapter "Flask OpenID Connect Client" says."""

# snippet
import os

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session, url_for

ISSUER = os.environ["ISSUER"]

app = Flask(__name__)
app.secret_key = os.urandom(32)
oauth = OAuth(app)


def save_token(token, refresh_token=None, access_token=None):
    session["token"] = {**session["token"], **token}


oauth.register(
    name="cardea",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=ISSUER + "/.well-known/openid-configuration",
    client_kwargs={"scope": "openid email profile"},
    fetch_token=lambda: session.get("token"),
    update_token=save_token,
)


@app.route("/login")
def login():
    return oauth.cardea.authorize_redirect(url_for("auth", _external=True))


@app.route("/auth")
def auth():
    token = oauth.cardea.authorize_access_token()
    session["user"] = token.pop("userinfo")
    session["token"] = token
    return redirect("/")


@app.route("/logout")
def logout():
    session.pop("user")
    hint = session.pop("token")["id_token"]
    return oauth.cardea.logout_redirect(url_for("login", _external=True), id_token_hint=hint)
# end of the snippet


@app.route("/")
def home():
    return session["user"]["email"]


@app.route("/refreshed")
def refreshed():
    oauth.cardea.get(ISSUER + "/userinfo").raise_for_status()
    return session["token"]["access_token"]


app.run(port=int(os.environ["PORT"]))
