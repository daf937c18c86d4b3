"""Signs people in with requests-oauthlib, as its "Web App Example" says. It knows OAuth 2 only: no nonce, no ID token."""

# snippet
import os

from flask import Flask, redirect, request, session
from requests_oauthlib import OAuth2Session

# Only without TLS, as in development and in tests.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"

ISSUER = os.environ["ISSUER"]
PORT = int(os.environ["PORT"])

app = Flask(__name__)
app.secret_key = os.urandom(32)

client_id = os.environ["CLIENT_ID"]
client_secret = os.environ["CLIENT_SECRET"]
redirect_uri = f"http://localhost:{PORT}/callback"
scope = ["openid", "email", "profile"]


@app.route("/login")
def login():
    cardea = OAuth2Session(client_id, redirect_uri=redirect_uri, scope=scope)
    authorization_url, session["state"] = cardea.authorization_url(ISSUER + "/authorize")
    return redirect(authorization_url)


@app.route("/callback")
def callback():
    cardea = OAuth2Session(client_id, redirect_uri=redirect_uri, state=session["state"])
    session["token"] = cardea.fetch_token(
        ISSUER + "/token", client_secret=client_secret, authorization_response=request.url
    )
    session["user"] = cardea.get(ISSUER + "/userinfo").json()
    return redirect("/")


@app.route("/refreshed")
def refreshed():
    cardea = OAuth2Session(client_id, token=session["token"])
    session["token"] = cardea.refresh_token(ISSUER + "/token", auth=(client_id, client_secret))
    return session["token"]["access_token"]
# end of the snippet


@app.route("/")
def home():
    return session["user"]["email"]


app.run(port=PORT)
