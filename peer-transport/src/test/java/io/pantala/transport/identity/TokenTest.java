package io.pantala.transport.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenTest {
    private static final Fingerprint AUTHORITY = Authority.create(Instant.now()).fingerprint();

    @Test
    void isReadAsItIsWritten() {
        Token token = Token.create(AUTHORITY);

        assertThat(Token.parse(token.text() + "\n")).isEqualTo(token);
        assertThat(token.authority()).isEqualTo(AUTHORITY);
        assertThat(token.hash()).isEqualTo(Token.hash(token.secret()));
    }

    @Test
    void isNeverTheSameTwice() {
        assertThat(Token.create(AUTHORITY)).isNotEqualTo(Token.create(AUTHORITY));
    }

    @Test
    void doesNotShowItsSecret() {
        Token token = Token.create(AUTHORITY);

        assertThat(token.toString()).doesNotContain(token.secret()).contains(AUTHORITY.hex());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "pantala1", "pantala1.abc.def", "pantala2.%s.%s", "pantala1.%s.%s.x", "pantala1.%s.%s x"})
    void isNothingElse(String text) {
        String secret = "s".repeat(43);

        assertThatThrownBy(() -> Token.parse(text.formatted(AUTHORITY, secret)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("is no token")
                .message()
                .doesNotContain(secret);
    }
}
