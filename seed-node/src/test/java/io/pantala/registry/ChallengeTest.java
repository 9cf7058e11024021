package io.pantala.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChallengeTest {
    @Test
    void readsWhatDockerHubSays() {
        assertThat(Challenge.parse("Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
                        + "scope=\"repository:library/nginx:pull,push\",error=\"invalid_token\""))
                .singleElement()
                .satisfies(challenge -> {
                    assertThat(challenge.scheme()).isEqualTo("bearer");
                    assertThat(challenge.parameters())
                            .contains(
                                    entry("realm", "https://auth.docker.io/token"),
                                    entry("service", "registry.docker.io"),
                                    entry("scope", "repository:library/nginx:pull,push"),
                                    entry("error", "invalid_token"));
                });
    }

    @Test
    void readsSeveralChallengesOfOneValue() {
        assertThat(Challenge.parse("Negotiate, Basic realm=\"a, \\\"b\\\"\" , charset=UTF-8,\tNTLM TlRM+/==,"
                        + " BEARER Realm = \"r\" ,, scope=x"))
                .extracting(Challenge::scheme)
                .containsExactly("negotiate", "basic", "ntlm", "bearer");
        assertThat(Challenge.parse("Basic realm=\"a, \\\"b\\\"\" , charset=UTF-8, Bearer realm = r,,scope=\"x\""))
                .extracting(Challenge::parameters)
                .containsExactly(Map.of("realm", "a, \"b\"", "charset", "UTF-8"), Map.of("realm", "r", "scope", "x"));
    }

    @Test
    void takesTheFirstOfARepeatedParameter() {
        assertThat(Challenge.parse("Bearer realm=\"one\",realm=\"two\""))
                .singleElement()
                .extracting(challenge -> challenge.parameters().get("realm"))
                .isEqualTo("one");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " , ,", "\"quoted\"", "=", "Bearer", "Bearer realm", "Basic realm=\"never closed\\"})
    void survivesWhatIsNoChallenge(String header) {
        assertThat(Challenge.parse(header)).hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void keepsWhatCameBeforeNonsense() {
        assertThat(Challenge.parse("Bearer realm=\"r\", \"nonsense\", Basic realm=\"x\""))
                .singleElement()
                .extracting(Challenge::scheme)
                .isEqualTo("bearer");
    }
}
