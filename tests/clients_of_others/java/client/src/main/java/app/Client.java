package app;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.annotation.RegisteredOAuth2AuthorizedClient;
import org.springframework.security.oauth2.client.oidc.web.logout.OidcClientInitiatedLogoutSuccessHandler;
import org.springframework.security.oauth2.client.registration.ClientRegistrationRepository;
import org.springframework.security.oauth2.core.oidc.user.OidcUser;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The quick start of the reference of Spring Security: OAuth 2.0 login, with the logout of OpenID Connect. */
@SpringBootApplication
@RestController
public class Client {
  public static void main(String[] args) {
    SpringApplication.run(Client.class, args);
  }

  @GetMapping("/")
  String home(@AuthenticationPrincipal OidcUser user, CsrfToken csrf) {
    return user.getEmail() + "<form action='/logout'><input type='hidden' name='_csrf' value='" + csrf.getToken() + "'></form>";
  }

  /** The framework refreshes a token that is about to expire before it passes it in. */
  @GetMapping("/refreshed")
  String refreshed(@RegisteredOAuth2AuthorizedClient("cardea") OAuth2AuthorizedClient client) {
    return client.getAccessToken().getTokenValue();
  }

  @Bean
  SecurityFilterChain security(HttpSecurity http, ClientRegistrationRepository registrations) throws Exception {
    // snippet
    var logout = new OidcClientInitiatedLogoutSuccessHandler(registrations);
    logout.setPostLogoutRedirectUri("{baseUrl}");
    return http
        .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
        .oauth2Login(Customizer.withDefaults())
        .logout(out -> out.logoutSuccessHandler(logout))
        .build();
    // end of the snippet
  }
}
