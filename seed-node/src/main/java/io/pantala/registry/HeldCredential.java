package io.pantala.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.manifest.UpstreamName;
import io.pantala.swarm.Authorization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where a node's own name and password for a registry are found: in a file, a Docker {@code config.json}, or what a
 * credential helper says. Read anew every few minutes, since they may be renewed. Never shown.
 */
public final class HeldCredential {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String HELPER = "helper:";
    private static final String HELPERS = "docker-credential-";
    private static final String HUB = "https://index.docker.io/v1/";
    private static final long LARGEST_FILE = 1 << 20;
    private static final Duration KEPT = Duration.ofMinutes(5);

    private final Source source;
    private Authorization current = Authorization.ANONYMOUS;
    private long readAt = System.nanoTime() - KEPT.toNanos();

    private HeldCredential(Source source) {
        this.source = source;
    }

    /** Each says in one line, without anything secret, what is wrong. */
    private sealed interface Source {
        Authorization read() throws IOException;
    }

    /**
     * Reads where one is found, and the one in a file, to see whether it can be used.
     *
     * @param text a file, or {@code helper:PROGRAM}
     * @throws IllegalArgumentException says why it can't be used
     */
    public static HeldCredential read(String text, Upstream upstream) {
        if (text.startsWith(HELPER)) {
            String program = text.substring(HELPER.length());
            if (program.isBlank()) {
                throw new IllegalArgumentException("must read helper:PROGRAM");
            }
            return new HeldCredential(new Helper(program, names(upstream).getFirst()));
        }
        Source file = new InFile(Path.of(text), upstream);
        try {
            file.read();
        } catch (IOException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        return new HeldCredential(file);
    }

    /** What it is now. May read a file or wait for a program. */
    synchronized Authorization current() throws IOException {
        return System.nanoTime() - readAt < KEPT.toNanos() ? current : renewed();
    }

    /** What it is now, after the registry has rejected what it was. */
    synchronized Authorization renewed() throws IOException {
        current = source.read();
        readAt = System.nanoTime();
        return current;
    }

    @Override
    public String toString() {
        return "a credential";
    }

    /** How Docker's tools call a registry, the most usual first. */
    private static List<String> names(Upstream upstream) {
        String name = upstream.name().value();
        String authority = upstream.url().getRawAuthority();
        Stream<String> hub = upstream.name().equals(UpstreamName.DOCKER_HUB)
                ? Stream.of(HUB, "index.docker.io", "registry-1.docker.io")
                : Stream.of();
        return Stream.concat(hub, Stream.of(name, "https://" + name, authority, "https://" + authority))
                .distinct()
                .toList();
    }

    private static Authorization basic(String user, String password) {
        return Authorization.of("Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8)));
    }

    /** A file with {@code user:password}, or Docker's own. */
    private record InFile(Path file, Upstream upstream) implements Source {
        @Override
        public Authorization read() throws IOException {
            if (!Files.isRegularFile(file) || Files.size(file) > LARGEST_FILE) {
                throw new IOException(file + " is no file of a usual size");
            }
            String text = Files.readString(file).strip();
            if (text.startsWith("{")) {
                return ofDocker(text);
            }
            int colon = text.indexOf(':');
            if (colon < 1 || text.lines().count() != 1) {
                throw new IOException(file + " must hold one line, user:password, or be a Docker config.json");
            }
            return basic(text.substring(0, colon), text.substring(colon + 1));
        }

        private Authorization ofDocker(String text) throws IOException {
            JsonNode config;
            try {
                config = JSON.readTree(text);
            } catch (IOException e) {
                throw new IOException(file + " is no JSON");
            }
            for (String name : names(upstream)) {
                String helper = config.path("credHelpers").path(name).asText("");
                if (!helper.isEmpty()) {
                    return new Helper(helper, name).read();
                }
                JsonNode auth = config.path("auths").path(name);
                if (auth.has("identitytoken")) {
                    throw new IOException(file + " holds an identity token for " + name + ", which is not supported");
                }
                if (!auth.path("auth").asText("").isEmpty()) {
                    return decoded(auth.path("auth").asText(), name);
                }
                if (!auth.path("username").asText("").isEmpty()) {
                    return basic(
                            auth.path("username").asText(),
                            auth.path("password").asText(""));
                }
            }
            String store = config.path("credsStore").asText("");
            if (!store.isEmpty()) {
                return new Helper(store, names(upstream).getFirst()).read();
            }
            throw new IOException(file + " holds nothing for " + upstream.name());
        }

        private Authorization decoded(String auth, String name) throws IOException {
            try {
                String pair = new String(Base64.getDecoder().decode(auth), UTF_8);
                int colon = pair.indexOf(':');
                if (colon > 0) {
                    return basic(pair.substring(0, colon), pair.substring(colon + 1));
                }
            } catch (IllegalArgumentException e) {
                // said below
            }
            throw new IOException(file + " holds no user:password for " + name);
        }
    }

    /** A program that is asked as Docker asks it. */
    private record Helper(String program, String registry) implements Source {
        @Override
        public Authorization read() throws IOException {
            JsonNode answer = CredentialProgram.ask(program.contains("/") ? program : HELPERS + program, registry);
            String user = answer.path("Username").asText("");
            String secret = answer.path("Secret").asText("");
            if (user.isEmpty() || secret.isEmpty() || user.equals("<token>")) {
                throw new IOException(program + " has no name and password for " + registry);
            }
            return basic(user, secret);
        }
    }
}
