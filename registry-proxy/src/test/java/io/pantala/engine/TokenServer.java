package io.pantala.engine;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/** A token service that Debian's registry believes: it gives one user tokens for whatever they ask for, and nobody else. */
final class TokenServer implements AutoCloseable {
    private static final Base64.Encoder URL = Base64.getUrlEncoder().withoutPadding();
    private static final Duration LIFE = Duration.ofMinutes(5);

    private final HttpServer server;
    private final String credential;
    private final KeyPair keys;
    private final X509Certificate certificate;
    private final Path bundle;
    private final List<String> given = new CopyOnWriteArrayList<>();

    private TokenServer(Path directory, String user) throws IOException, GeneralSecurityException {
        credential = basic(user);
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(256);
        keys = generator.generateKeyPair();
        certificate = certificate(keys);
        bundle = Files.writeString(
                directory.resolve("token-service.pem"),
                "-----BEGIN CERTIFICATE-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate.getEncoded())
                        + "\n-----END CERTIFICATE-----\n");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/token", this::answer);
        server.start();
    }

    /**
     * @param user {@code name:password}
     */
    static TokenServer start(Path directory, String user) throws IOException {
        try {
            return new TokenServer(directory, user);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What a registry's configuration says of it. */
    String auth() {
        return "auth: {token: {realm: 'http://127.0.0.1:%d/token', service: probe, issuer: tests, rootcertbundle: %s}}"
                .formatted(server.getAddress().getPort(), bundle);
    }

    /** The scopes that tokens were given for. */
    List<String> given() {
        return given;
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            boolean form = exchange.getRequestMethod().equals("POST");
            Map<String, List<String>> asked = parameters(
                    form
                            ? new String(exchange.getRequestBody().readAllBytes(), UTF_8)
                            : exchange.getRequestURI().getRawQuery());
            String authorization = form
                    ? basic(asked.get("username").getFirst() + ":"
                            + asked.get("password").getFirst())
                    : exchange.getRequestHeaders().getFirst("Authorization");
            List<String> scopes = asked.getOrDefault("scope", List.of());
            if (authorization != null && !authorization.equals(credential)) {
                exchange.sendResponseHeaders(401, -1);
                return;
            }
            byte[] body = "{\"%s\":\"%s\",\"expires_in\":300}"
                    .formatted(form ? "access_token" : "token", token(scopes, authorization))
                    .getBytes(UTF_8);
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, List<String>> parameters(String encoded) {
        return Stream.of(encoded.split("&", -1))
                .map(pair -> pair.split("=", 2))
                .collect(Collectors.groupingBy(
                        pair -> pair[0],
                        Collectors.mapping(pair -> URLDecoder.decode(pair[1], UTF_8), Collectors.toList())));
    }

    private static String basic(String user) {
        return "Basic " + Base64.getEncoder().encodeToString(user.getBytes(UTF_8));
    }

    /** Nobody gets one as well, which is good for nothing. */
    private String token(List<String> scopes, @Nullable String authorization) throws GeneralSecurityException {
        String access = authorization == null
                ? ""
                : scopes.stream()
                        .flatMap(scope -> Stream.of(scope.split(" ", -1)))
                        .peek(given::add)
                        .map(scope -> scope.split(":", 3))
                        .map(parts -> "{\"type\":\"%s\",\"name\":\"%s\",\"actions\":[%s]}"
                                .formatted(
                                        parts[0],
                                        parts[1],
                                        Stream.of(parts[2].split(",", -1))
                                                .map(action -> "\"" + action + "\"")
                                                .collect(Collectors.joining(","))))
                        .collect(Collectors.joining(","));
        Instant now = Instant.now();
        String head = "{\"typ\":\"JWT\",\"alg\":\"ES256\",\"x5c\":[\""
                + Base64.getEncoder().encodeToString(certificate.getEncoded()) + "\"]}";
        String claims =
                "{\"iss\":\"tests\",\"sub\":\"\",\"aud\":\"probe\",\"jti\":\"%s\",\"exp\":%d,\"nbf\":%d,\"iat\":%d,\"access\":[%s]}"
                        .formatted(
                                UUID.randomUUID(),
                                now.plus(LIFE).getEpochSecond(),
                                now.minusSeconds(60).getEpochSecond(),
                                now.getEpochSecond(),
                                access);
        String signed = URL.encodeToString(head.getBytes(UTF_8)) + "." + URL.encodeToString(claims.getBytes(UTF_8));
        Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initSign(keys.getPrivate());
        signature.update(signed.getBytes(UTF_8));
        return signed + "." + URL.encodeToString(signature.sign());
    }

    private static X509Certificate certificate(KeyPair keys) throws GeneralSecurityException {
        X500Name name = new X500Name("CN=tests");
        Instant now = Instant.now();
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(new JcaX509v3CertificateBuilder(
                                    name,
                                    BigInteger.ONE,
                                    Date.from(now.minusSeconds(3600)),
                                    Date.from(now.plusSeconds(86_400)),
                                    name,
                                    keys.getPublic())
                            .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate())));
        } catch (OperatorCreationException e) {
            throw new GeneralSecurityException(e);
        }
    }
}
