package io.pantala.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenRealmTest {
    @ParameterizedTest
    @CsvSource({
        "https://registry-1.docker.io, https://auth.docker.io/token",
        "https://ghcr.io, https://ghcr.io/token",
        "https://registry.gitlab.com, https://gitlab.com/jwt/auth",
        "https://registry.example.co.uk, https://sso.example.co.uk/token",
        "https://team.azurecr.io, https://team.azurecr.io/oauth2/token",
        "https://registry.corp.internal:5000, https://auth.corp.internal/token",
        "https://Registry.Example.com, https://REGISTRY.example.COM/token",
        "https://localhost:5000, https://localhost:5001/token",
        "https://[::1]:5000, https://[::1]:5001/token",
        "http://127.0.0.1:5000, http://127.0.0.1:5001/token",
    })
    void givesCredentialsToARealmOfTheRegistrysDomain(URI registry, URI realm) {
        assertThat(TokenRealm.objection(realm, registry, true)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "https://registry.example.com, https://auth.example.org/token",
        "https://registry.example.co.uk, https://other.co.uk/token",
        "https://team.gitlab.io, https://other.gitlab.io/token",
        "https://example.com, https://notexample.com/token",
        "https://10.0.0.1, https://10.0.0.2/token",
        "https://1.10.0.1, https://2.10.0.1/token",
        "https://localhost, https://example.com/token",
        "https://[fd00::1], https://[fd00::2]/token",
        "https://registry.example.com, https://registry.example.com.evil.net/token",
    })
    void keepsCredentialsFromAnyOtherRealmButMayGoThereAnonymously(URI registry, URI realm) {
        assertThat(TokenRealm.objection(realm, registry, true)).get().asString().contains("credentials");
        assertThat(TokenRealm.objection(realm, registry, false)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://registry.example.com/token", "ftp://registry.example.com/token"})
    void wantsARealmAsSafeAsTheRegistry(URI realm) {
        assertThat(TokenRealm.objection(realm, URI.create("https://registry.example.com"), false))
                .get()
                .asString()
                .contains("https");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "token", "/token", "https:///token", "https://user:pass@registry.example.com/token"})
    void refusesARealmThatIsNoAddress(URI realm) {
        assertThat(TokenRealm.objection(realm, URI.create("https://registry.example.com"), false))
                .isPresent();
    }
}
