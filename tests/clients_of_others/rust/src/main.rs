//! Signs people in with the crate openidconnect, as "Getting started" of its documentation does, with a small web server.

use std::{collections::HashMap, env, error::Error};

use openidconnect::{core::*, reqwest, *};
use tiny_http::{Header, Request, Response, Server};
use url::Url;

struct Begun {
    state: CsrfToken,
    nonce: Nonce,
    pkce_verifier: PkceCodeVerifier,
}

fn main() -> Result<(), Box<dyn Error>> {
    let port = env::var("PORT")?;
    let app = format!("http://localhost:{port}");
    let mut begun: Option<Begun> = None;
    let mut signed_in: Option<CoreTokenResponse> = None;

    // snippet
    let http_client = reqwest::blocking::ClientBuilder::new()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let provider_metadata =
        CoreProviderMetadata::discover(&IssuerUrl::new(env::var("ISSUER")?)?, &http_client)?;
    let client = CoreClient::from_provider_metadata(
        provider_metadata,
        ClientId::new(env::var("CLIENT_ID")?),
        Some(ClientSecret::new(env::var("CLIENT_SECRET")?)),
    )
    .set_redirect_uri(RedirectUrl::new(format!("{app}/callback"))?);

    let login = || {
        let (pkce_challenge, pkce_verifier) = PkceCodeChallenge::new_random_sha256();
        let (auth_url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .add_scope(Scope::new("profile".to_string()))
            .add_scope(Scope::new("email".to_string()))
            .set_pkce_challenge(pkce_challenge)
            .url();
        (auth_url, Begun { state, nonce, pkce_verifier })
    };

    let callback = |query: HashMap<String, String>, begun: Begun| {
        if query.get("state") != Some(begun.state.secret()) {
            return Err("state did not match".into());
        }
        let code = query.get("code").ok_or("no code")?.to_string();
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))?
            .set_pkce_verifier(begun.pkce_verifier)
            .request(&http_client)?;
        let id_token = tokens.id_token().ok_or("no ID token")?;
        let claims = id_token.claims(&client.id_token_verifier(), &begun.nonce)?;
        let email = claims.email().ok_or("no e-mail address")?.to_string();
        Ok::<_, Box<dyn Error>>((tokens, email))
    };
    // end of the snippet

    let refresh = |tokens: &CoreTokenResponse| {
        let refresh_token = tokens.refresh_token().ok_or("no refresh token")?;
        let request = client.exchange_refresh_token(refresh_token)?;
        Ok::<_, Box<dyn Error>>(request.request(&http_client)?)
    };

    for request in Server::http(format!("localhost:{port}")).map_err(|error| error.to_string())?.incoming_requests() {
        let at = Url::parse(&app)?.join(request.url())?;
        let answer = match at.path() {
            "/login" => {
                let (auth_url, new) = login();
                begun = Some(new);
                redirect(request, auth_url.as_str())?;
                continue;
            }
            "/callback" => {
                let query = at.query_pairs().into_owned().collect();
                callback(query, begun.take().ok_or("no sign-in was started")?).map(|(tokens, email)| {
                    signed_in = Some(tokens);
                    email
                })
            }
            "/refreshed" => refresh(signed_in.as_ref().ok_or("no person is signed in")?).map(|tokens| {
                let token = tokens.access_token().secret().to_string();
                signed_in = Some(tokens);
                token
            }),
            _ => Ok(String::new()),
        };
        let (status, text) = answer.map_or_else(|error| (500, format!("{error:?}")), |text| (200, text));
        request.respond(Response::from_string(text).with_status_code(status))?;
    }
    Ok(())
}

fn redirect(request: Request, to: &str) -> Result<(), Box<dyn Error>> {
    let location = Header::from_bytes("Location", to).map_err(|()| "not a header")?;
    Ok(request.respond(Response::empty(302).with_header(location))?)
}
