package engine;

import static org.springframework.security.config.Customizer.withDefaults;

import java.util.List;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.core.annotation.Order;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.oauth2.server.authorization.OAuth2AuthorizationServerConfigurer;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.ClientAuthenticationMethod;
import org.springframework.security.oauth2.server.authorization.JdbcOAuth2AuthorizationConsentService;
import org.springframework.security.oauth2.server.authorization.JdbcOAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2AuthorizationConsentService;
import org.springframework.security.oauth2.server.authorization.OAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2ClientRegistrationAuthenticationProvider;
import org.springframework.security.oauth2.server.authorization.authentication.OAuth2ClientRegistrationAuthenticationValidator;
import org.springframework.security.oauth2.server.authorization.client.JdbcRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClientRepository;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.LoginUrlAuthenticationEntryPoint;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Spring Authorization Server where everybody may register, with the library's own parts, and an administration of its clients. */
@SpringBootApplication
@RestController
class Engine {
  private final JdbcTemplate database;

  Engine(JdbcTemplate database) {
    this.database = database;
  }

  public static void main(String[] args) {
    SpringApplication.run(Engine.class, args);
  }

  @Bean
  @Order(1)
  SecurityFilterChain authorizationServer(HttpSecurity http) throws Exception {
    var server = new OAuth2AuthorizationServerConfigurer();
    return http.securityMatcher(server.getEndpointsMatcher())
        .with(server, with -> with.oidc(withDefaults()).clientRegistrationEndpoint(endpoint -> endpoint
            .openRegistrationAllowed(true)
            .authenticationProviders(providers -> providers.forEach(Engine::allowScopes))))
        .authorizeHttpRequests(requests -> requests.requestMatchers("/oauth2/register").permitAll().anyRequest().authenticated())
        .exceptionHandling(handling -> handling.authenticationEntryPoint(new LoginUrlAuthenticationEntryPoint("/login")))
        .build();
  }

  /** As shipped, a client that registers itself may have no scope at all. */
  private static void allowScopes(Object provider) {
    if (provider instanceof OAuth2ClientRegistrationAuthenticationProvider registration) {
      registration.setAuthenticationValidator(OAuth2ClientRegistrationAuthenticationValidator.DEFAULT_REDIRECT_URI_VALIDATOR
          .andThen(OAuth2ClientRegistrationAuthenticationValidator.DEFAULT_JWK_SET_URI_VALIDATOR)
          .andThen(OAuth2ClientRegistrationAuthenticationValidator.SIMPLE_SCOPE_VALIDATOR));
    }
  }

  @Bean
  @Order(2)
  SecurityFilterChain pages(HttpSecurity http) throws Exception {
    return http.authorizeHttpRequests(requests -> requests.requestMatchers("/admin/**").permitAll().anyRequest().authenticated())
        .csrf(csrf -> csrf.ignoringRequestMatchers("/admin/**"))
        .formLogin(withDefaults())
        .build();
  }

  @Bean
  UserDetailsService people(@Value("${engine.person.name}") String name, @Value("${engine.person.password}") String password) {
    return new InMemoryUserDetailsManager(User.withUsername(name).password("{noop}" + password).build());
  }

  /** It has the MCP server, which asks about tokens, from its operator. */
  @Bean
  RegisteredClientRepository clientRepository(@Value("${engine.resource-server.id}") String id, @Value("${engine.resource-server.secret}") String secret) {
    var clients = new JdbcRegisteredClientRepository(database);
    clients.save(RegisteredClient.withId(id)
        .clientId(id)
        .clientSecret("{noop}" + secret)
        .clientAuthenticationMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC)
        .authorizationGrantType(AuthorizationGrantType.CLIENT_CREDENTIALS)
        .build());
    return clients;
  }

  @Bean
  OAuth2AuthorizationService authorizations(RegisteredClientRepository clients) {
    return new JdbcOAuth2AuthorizationService(database, clients);
  }

  @Bean
  OAuth2AuthorizationConsentService consents(RegisteredClientRepository clients) {
    return new JdbcOAuth2AuthorizationConsentService(database, clients);
  }

  @GetMapping("/admin/clients")
  List<String> clients() {
    return database.queryForList("select client_id from oauth2_registered_client", String.class);
  }

  @DeleteMapping("/admin/clients/{client}")
  void delete(@PathVariable String client) {
    for (var table : List.of("oauth2_authorization", "oauth2_authorization_consent")) {
      database.update("delete from " + table + " where registered_client_id in (select id from oauth2_registered_client where client_id = ?)", client);
    }
    database.update("delete from oauth2_registered_client where client_id = ?", client);
  }
}
