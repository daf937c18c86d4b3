from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.urls import include, path, reverse


# snippet
def end_session_url(request):
    return settings.ISSUER + "/logout?" + urlencode({
        "id_token_hint": request.session["oidc_id_token"],
        "post_logout_redirect_uri": request.build_absolute_uri(reverse("oidc_authentication_init")),
    })
# end of the snippet


def home(request):
    field = f"<input type='hidden' name='csrfmiddlewaretoken' value='{get_token(request)}'>"
    return HttpResponse(f"{request.user.email}<form action='/oidc/logout/'>{field}</form>")


urlpatterns = [path("oidc/", include("mozilla_django_oidc.urls")), path("", home)]
