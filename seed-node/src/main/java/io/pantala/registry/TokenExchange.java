package io.pantala.registry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.manifest.RepositoryName;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.CredentialSource;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Pattern;

/**
 * Answers the challenges of one registry for one party that holds a credential itself, or none: with the credential, or
 * with a token fetched for it (distribution-spec, token authentication). Tokens are kept in memory until shortly before
 * they expire. Engines that are proxied do this by themselves.
 *
 * <p>The registry sees the credential only once it has asked for it.
 */
public final class TokenExchange {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]+");
    private static final int REPOSITORIES = 64;
    private static final long UNSAID_SECONDS = 60;
    private static final long LONGEST_SECONDS = Duration.ofDays(1).toSeconds();
    private static final Duration FRESH = Duration.ofSeconds(5);

    private final TokenEndpoint endpoint;
    private final URI registry;
    private final Authorization held;
    private final InstantSource clock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<RepositoryName, Token> tokens = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<RepositoryName, Token> eldest) {
            return size() > REPOSITORIES;
        }
    });

    /**
     * @param held {@code Basic …}, or anything that the registry takes as it is; or none
     */
    public TokenExchange(RegistryClient client, Upstream upstream, Authorization held, InstantSource clock) {
        this(TokenEndpoint.of(client, upstream.name()), upstream.url(), held, clock);
    }

    TokenExchange(TokenEndpoint endpoint, URI registry, Authorization held, InstantSource clock) {
        this.endpoint = endpoint;
        this.registry = registry;
        this.held = held;
        this.clock = clock;
    }

    /** The credentials for pulling from {@code repository}, as far as they are known by then. */
    public CredentialSource forPulling(RepositoryName repository) {
        return new CredentialSource() {
            @Override
            public Authorization current() {
                return TokenExchange.this.current(repository);
            }

            @Override
            public Optional<Authorization> newerThan(Authorization rejected, String challenge) {
                return switch (answer(repository, rejected, challenge)) {
                    case TokenAnswer.Granted granted -> Optional.of(granted.authorization());
                    case TokenAnswer.Refused refused -> Optional.empty();
                };
            }
        };
    }

    /** What to send at first: a token that is still good, else nothing. */
    public Authorization current(RepositoryName repository) {
        Token known = tokens.get(repository);
        return known != null && clock.instant().isBefore(known.until()) ? known.value() : Authorization.ANONYMOUS;
    }

    /**
     * What to send after a 401. Waits for the token service, so call it on a virtual thread; of several callers one
     * asks, the others take its token.
     *
     * @param rejected what was answered with 401
     * @param challenge its {@code WWW-Authenticate}, several joined by commas; empty if there was none
     */
    public TokenAnswer answer(RepositoryName repository, Authorization rejected, String challenge) {
        if (rejected.equals(held) && !held.isAnonymous()) {
            return new TokenAnswer.Refused("the registry rejects the credentials");
        }
        lock.lock();
        try {
            Token known = tokens.get(repository);
            Instant now = clock.instant();
            if (known == null) {
                return negotiate(repository, Challenge.parse(challenge), now);
            }
            if (known.value().equals(rejected)) {
                return now.isBefore(known.since().plus(FRESH))
                        ? new TokenAnswer.Refused("the registry rejects the token that was just fetched for it")
                        : negotiate(repository, Challenge.parse(challenge), now);
            }
            return now.isBefore(known.until())
                    ? new TokenAnswer.Granted(known.value())
                    : negotiate(repository, Challenge.parse(challenge), now);
        } finally {
            lock.unlock();
        }
    }

    private TokenAnswer negotiate(RepositoryName repository, List<Challenge> challenges, Instant now) {
        Optional<Basic> basic = Basic.read(held);
        if (basic.isEmpty() && !held.isAnonymous()) {
            return keep(repository, new Token(held, now, Instant.MAX));
        }
        for (Challenge challenge : challenges) {
            if (challenge.scheme().equals("bearer")) {
                return fetch(repository, challenge, basic, now);
            }
        }
        for (Challenge challenge : challenges) {
            if (challenge.scheme().equals("basic")) {
                return basic.isPresent()
                        ? keep(repository, new Token(held, now, Instant.MAX))
                        : new TokenAnswer.Refused("the registry asks for a user name and a password");
            }
        }
        return new TokenAnswer.Refused("the registry asks for credentials in no way known here");
    }

    private TokenAnswer keep(RepositoryName repository, Token token) {
        tokens.put(repository, token);
        return new TokenAnswer.Granted(token.value());
    }

    private TokenAnswer fetch(RepositoryName repository, Challenge challenge, Optional<Basic> basic, Instant now) {
        try {
            URI realm = new URI(challenge.parameters().getOrDefault("realm", ""));
            Optional<String> objection = TokenRealm.objection(realm, registry, basic.isPresent());
            if (objection.isPresent()) {
                return new TokenAnswer.Refused(objection.get());
            }
            String service = challenge.parameters().getOrDefault("service", "");
            List<String> scopes = scopes(repository, challenge);
            TokenReply reply = endpoint.get(tokenUri(realm, service, scopes), held);
            // Some have only the OAuth2 form for those who hold credentials.
            if (basic.isPresent() && (reply.status() == 404 || reply.status() == 405)) {
                reply = endpoint.post(realm, basic.get().form(service, scopes));
            }
            return read(repository, realm.getHost(), reply, now);
        } catch (URISyntaxException e) {
            return new TokenAnswer.Refused("its token service is not a valid address");
        } catch (IOException e) {
            return new TokenAnswer.Refused("its token service does not answer: " + e.getMessage());
        }
    }

    private static List<String> scopes(RepositoryName repository, Challenge challenge) {
        String named = challenge.parameters().getOrDefault("scope", "").strip();
        return named.isEmpty() ? List.of("repository:" + repository + ":pull") : List.of(named.split(" +"));
    }

    private static URI tokenUri(URI realm, String service, List<String> scopes) throws URISyntaxException {
        var uri = new StringBuilder(realm.toString());
        uri.setLength(realm.getRawFragment() == null ? uri.length() : uri.indexOf("#"));
        char separator = realm.getRawQuery() == null ? '?' : '&';
        if (!service.isEmpty()) {
            uri.append(separator).append("service=").append(encoded(service));
            separator = '&';
        }
        for (String scope : scopes) {
            uri.append(separator).append("scope=").append(encoded(scope));
            separator = '&';
        }
        return new URI(uri.toString());
    }

    private TokenAnswer read(RepositoryName repository, String host, TokenReply reply, Instant now) {
        return switch (reply.status()) {
            case 200 -> {
                Optional<Token> token = token(reply.body(), now);
                yield token.isPresent()
                        ? keep(repository, token.get())
                        : new TokenAnswer.Refused("its token service " + host + " answered without a token");
            }
            case 401, 403 ->
                new TokenAnswer.Refused(
                        held.isAnonymous()
                                ? "its token service " + host + " wants credentials"
                                : "its token service " + host + " rejects the credentials");
            default -> new TokenAnswer.Refused("its token service " + host + " answered " + reply.status());
        };
    }

    private static Optional<Token> token(String body, Instant now) {
        JsonNode reply;
        try {
            reply = JSON.readTree(body);
        } catch (IOException e) {
            return Optional.empty();
        }
        String token = reply.path("token").asText("");
        String value = token.isEmpty() ? reply.path("access_token").asText("") : token;
        if (!TOKEN.matcher(value).matches()) {
            return Optional.empty();
        }
        long seconds = Math.clamp(reply.path("expires_in").asLong(UNSAID_SECONDS), 1, LONGEST_SECONDS);
        // A tenth of its life early, so that what starts with it is answered before it ends.
        return Optional.of(new Token(
                Authorization.of("Bearer " + value),
                now,
                now.plus(Duration.ofSeconds(seconds).multipliedBy(9).dividedBy(10))));
    }

    private static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }

    /**
     * A credential to send.
     *
     * @param until when it is to be replaced
     */
    private record Token(Authorization value, Instant since, Instant until) {}

    /** A user's name and password. */
    private record Basic(String user, String password) {
        static Optional<Basic> read(Authorization held) {
            String header = held.header();
            if (header == null || !header.regionMatches(true, 0, "Basic ", 0, 6)) {
                return Optional.empty();
            }
            try {
                byte[] decoded = Base64.getDecoder().decode(header.substring(6).strip());
                String pair = new String(decoded, StandardCharsets.UTF_8);
                int colon = pair.indexOf(':');
                return colon < 0
                        ? Optional.empty()
                        : Optional.of(new Basic(pair.substring(0, colon), pair.substring(colon + 1)));
            } catch (IllegalArgumentException e) {
                return Optional.empty();
            }
        }

        String form(String service, List<String> scopes) {
            return "grant_type=password&client_id=pantala&service=" + encoded(service) + "&scope="
                    + encoded(String.join(" ", scopes)) + "&username=" + encoded(user) + "&password="
                    + encoded(password);
        }

        @Override
        public String toString() {
            return "a user's name and password";
        }
    }
}
