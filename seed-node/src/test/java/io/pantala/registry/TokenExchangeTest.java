package io.pantala.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.manifest.RepositoryName;
import io.pantala.swarm.Authorization;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenExchangeTest {
    private static final RepositoryName NGINX = new RepositoryName("library/nginx");
    private static final Authorization HELD = basic("ann", "p@ss:w/rd+é");
    private static final String CHALLENGE =
            "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
                    + "scope=\"repository:library/nginx:pull\"";

    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private final FakeTokenService service = new FakeTokenService();

    @Test
    void startsWithoutACredentialAndFetchesATokenOnceChallenged() {
        TokenExchange exchange = exchange(Authorization.ANONYMOUS);

        assertThat(exchange.current(NGINX)).isEqualTo(Authorization.ANONYMOUS);
        assertThat(exchange.answer(NGINX, Authorization.ANONYMOUS, CHALLENGE)).isEqualTo(granted("Bearer token-1"));

        assertThat(service.asked)
                .containsExactly("GET https://auth.docker.io/token?service=registry.docker.io"
                        + "&scope=repository%3Alibrary%2Fnginx%3Apull null");
        assertThat(exchange.current(NGINX)).isEqualTo(Authorization.of("Bearer token-1"));
    }

    @Test
    void sendsTheCredentialsItHoldsToTheTokenService() {
        assertThat(exchange(HELD).answer(NGINX, Authorization.ANONYMOUS, CHALLENGE))
                .isEqualTo(granted("Bearer token-1"));
        assertThat(service.asked).singleElement().asString().endsWith(" " + HELD.header());
    }

    @Test
    void asksForTheRepositoryWhereTheChallengeNamesNoScope() {
        exchange(Authorization.ANONYMOUS)
                .answer(NGINX, Authorization.ANONYMOUS, "Bearer realm=\"https://auth.docker.io/token?a=b\"");
        assertThat(service.asked)
                .containsExactly("GET https://auth.docker.io/token?a=b&scope=repository%3Alibrary%2Fnginx%3Apull null");
    }

    @Test
    void asksForEachOfSeveralScopes() {
        exchange(Authorization.ANONYMOUS)
                .answer(
                        NGINX,
                        Authorization.ANONYMOUS,
                        "Bearer realm=\"https://auth.docker.io/token\",scope=\"repository:a:pull repository:b:pull\"");
        assertThat(service.asked)
                .containsExactly(
                        "GET https://auth.docker.io/token?scope=repository%3Aa%3Apull&scope=repository%3Ab%3Apull null");
    }

    @ParameterizedTest
    @ValueSource(ints = {404, 405})
    void postsTheFormWhereTheTokenServiceKnowsNoGet(int status) {
        service.getStatus = status;

        assertThat(exchange(HELD).answer(NGINX, Authorization.ANONYMOUS, CHALLENGE))
                .isEqualTo(granted("Bearer token-2"));

        assertThat(service.asked.getLast())
                .isEqualTo("POST https://auth.docker.io/token grant_type=password&client_id=pantala"
                        + "&service=registry.docker.io&scope=repository%3Alibrary%2Fnginx%3Apull"
                        + "&username=ann&password=p%40ss%3Aw%2Frd%2B%C3%A9");
    }

    @Test
    void postsNothingWithoutCredentials() {
        service.getStatus = 404;
        assertThat(refusal(exchange(Authorization.ANONYMOUS).answer(NGINX, Authorization.ANONYMOUS, CHALLENGE)))
                .contains("404");
        assertThat(service.asked).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"token\":\"t\"} | 53",
                "{\"access_token\":\"t\",\"expires_in\":300} | 269",
                "{\"token\":\"t\",\"access_token\":\"other\",\"expires_in\":10} | 8",
                "{\"token\":\"t\",\"expires_in\":-5} | 0",
            })
    void keepsATokenUntilShortlyBeforeItExpires(String body, int seconds) {
        service.body = body;
        TokenExchange exchange = exchange(Authorization.ANONYMOUS);
        exchange.answer(NGINX, Authorization.ANONYMOUS, CHALLENGE);

        now = now.plusSeconds(seconds);
        assertThat(exchange.current(NGINX)).isEqualTo(Authorization.of("Bearer t"));
        now = now.plusSeconds(1);
        assertThat(exchange.current(NGINX)).isEqualTo(Authorization.ANONYMOUS);
    }

    @Test
    void fetchesAnotherTokenWhenTheRegistryRejectsAnOldOne() {
        TokenExchange exchange = exchange(Authorization.ANONYMOUS);
        exchange.answer(NGINX, Authorization.ANONYMOUS, CHALLENGE);
        now = now.plusSeconds(30);

        assertThat(exchange.forPulling(NGINX).newerThan(Authorization.of("Bearer token-1"), CHALLENGE))
                .contains(Authorization.of("Bearer token-2"));
    }

    @Test
    void doesNotGoRoundInCirclesWhenAFreshTokenIsRejected() {
        TokenExchange exchange = exchange(Authorization.ANONYMOUS);
        exchange.answer(NGINX, Authorization.ANONYMOUS, CHALLENGE);

        assertThat(exchange.forPulling(NGINX).newerThan(Authorization.of("Bearer token-1"), CHALLENGE))
                .isEmpty();
        assertThat(service.asked).hasSize(1);
    }

    @Test
    void keepsTheTokensOfRepositoriesApart() {
        TokenExchange exchange = exchange(Authorization.ANONYMOUS);
        exchange.answer(NGINX, Authorization.ANONYMOUS, CHALLENGE);

        assertThat(exchange.current(new RepositoryName("library/redis"))).isEqualTo(Authorization.ANONYMOUS);
    }

    @Test
    void asksOnceForManyWhoWaitForTheSameToken() throws Exception {
        service.release = new CountDownLatch(1);
        TokenExchange exchange = exchange(Authorization.ANONYMOUS);
        try (var executor = Executors.newVirtualThreadPerTaskExecutor()) {
            Callable<TokenAnswer> asking = () -> exchange.answer(NGINX, Authorization.ANONYMOUS, CHALLENGE);
            var answers = List.of(executor.submit(asking), executor.submit(asking), executor.submit(asking));
            service.release.countDown();
            for (var answer : answers) {
                assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo(granted("Bearer token-1"));
            }
        }
        assertThat(service.asked).hasSize(1);
    }

    @Test
    void answersABasicChallengeWithTheCredentialsThemselves() {
        TokenExchange exchange = exchange(HELD);

        assertThat(exchange.answer(NGINX, Authorization.ANONYMOUS, "Basic realm=\"ECR\""))
                .isEqualTo(new TokenAnswer.Granted(HELD));
        assertThat(exchange.current(NGINX)).isEqualTo(HELD);
        assertThat(refusal(exchange.answer(NGINX, HELD, "Basic realm=\"ECR\""))).contains("rejects");
        assertThat(service.asked).isEmpty();
    }

    @Test
    void prefersATokenWhereBothAreOffered() {
        assertThat(exchange(HELD).answer(NGINX, Authorization.ANONYMOUS, "Basic realm=\"x\", " + CHALLENGE))
                .isEqualTo(granted("Bearer token-1"));
    }

    @Test
    void passesOnACredentialThatIsNotBasicAsItIs() {
        Authorization token = Authorization.of("Bearer given");
        TokenExchange exchange = exchange(token);

        assertThat(exchange.answer(NGINX, Authorization.ANONYMOUS, CHALLENGE))
                .isEqualTo(new TokenAnswer.Granted(token));
        assertThat(refusal(exchange.answer(NGINX, token, CHALLENGE))).contains("rejects");
        assertThat(service.asked).isEmpty();
    }

    @Test
    void givesTheCredentialsToNoForeignTokenService() {
        assertThat(refusal(exchange(HELD)
                        .answer(NGINX, Authorization.ANONYMOUS, "Bearer realm=\"https://auth.evil.example/token\"")))
                .contains("auth.evil.example", "not given the credentials");
        assertThat(service.asked).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"401, rejects the credentials", "403, rejects the credentials", "503, answered 503", "302, 302"})
    void saysWhatTheTokenServiceAnswered(int status, String said) {
        service.getStatus = status;
        assertThat(refusal(exchange(HELD).answer(NGINX, Authorization.ANONYMOUS, CHALLENGE)))
                .contains("auth.docker.io", said)
                .doesNotContain("ann", "p@ss");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "<html>", "[]", "{}", "{\"token\":\"\"}", "{\"token\":\"a\\r\\nb\"}", "{\"token\":{}}"})
    void takesNoTokenFromNonsense(String body) {
        service.body = body;
        assertThat(refusal(exchange(Authorization.ANONYMOUS).answer(NGINX, Authorization.ANONYMOUS, CHALLENGE)))
                .contains("without a token");
    }

    @Test
    void saysWhenTheTokenServiceDoesNotAnswer() {
        service.failure = new IOException("connection refused");
        assertThat(refusal(exchange(HELD).answer(NGINX, Authorization.ANONYMOUS, CHALLENGE)))
                .contains("does not answer: connection refused");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Negotiate", "Bearer", "Bearer realm=\"\"", "Bearer realm=\"https://a b\""})
    void refusesAChallengeItCanNotAnswer(String challenge) {
        assertThat(refusal(exchange(HELD).answer(NGINX, Authorization.ANONYMOUS, challenge)))
                .isNotEmpty();
        assertThat(service.asked).isEmpty();
    }

    private TokenExchange exchange(Authorization held) {
        return new TokenExchange(service, URI.create("https://registry-1.docker.io"), held, () -> now);
    }

    private static TokenAnswer granted(String header) {
        return new TokenAnswer.Granted(Authorization.of(header));
    }

    private static String refusal(TokenAnswer answer) {
        return switch (answer) {
            case TokenAnswer.Granted granted -> throw new AssertionError("it was granted");
            case TokenAnswer.Refused refused -> refused.reason();
        };
    }

    private static Authorization basic(String user, String password) {
        byte[] pair = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
        return Authorization.of("Basic " + Base64.getEncoder().encodeToString(pair));
    }

    /** Numbers its tokens; says what it is told to. */
    private static final class FakeTokenService implements TokenEndpoint {
        final List<String> asked = new ArrayList<>();
        int getStatus = 200;

        @Nullable
        String body;

        @Nullable
        IOException failure;

        CountDownLatch release = new CountDownLatch(0);

        @Override
        public TokenReply get(URI uri, Authorization authorization) throws IOException {
            return reply("GET " + uri + " " + authorization.header(), getStatus);
        }

        @Override
        public TokenReply post(URI uri, String form) throws IOException {
            return reply("POST " + uri + " " + form, 200);
        }

        private TokenReply reply(String request, int status) throws IOException {
            asked.add(request);
            try {
                assertThat(release.await(10, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            if (failure != null) {
                throw failure;
            }
            String json = body != null ? body : "{\"token\":\"token-" + asked.size() + "\",\"expires_in\":300}";
            return new TokenReply(status, json);
        }
    }
}
