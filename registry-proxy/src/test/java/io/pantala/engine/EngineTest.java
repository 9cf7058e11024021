package io.pantala.engine;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.bouncycastle.crypto.generators.OpenBSDBCrypt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** A registry with an image, a tap in front of it, and a place where every request that goes astray shows up. */
@Tag("engine")
abstract class EngineTest {
    static final String USER = "someone:a-secret";

    @TempDir
    Path directory;

    DockerRegistry registry;
    RegistryTap tap;
    RefusingProxy elsewhere;
    TestImage image;

    /** How an engine comes to be. */
    enum Kind {
        SKOPEO,
        CONTAINERD,
        DOCKERD,
        PODMAN,
        BUILDAH,
        JIB;

        /** Whether it finds mirrors by containers-registries.conf(5), where their paths begin with a registry's name. */
        boolean namesRegistriesInPaths() {
            return this == SKOPEO || this == PODMAN || this == BUILDAH;
        }

        /**
         * An engine whose mirror for Docker Hub this is.
         *
         * @param own where it keeps its state
         * @param elsewhere where it sends what it doesn't send to its mirror
         * @param user {@code name:password} as whom it pulls from that mirror; empty for nobody
         */
        Engine start(Path own, String mirror, RefusingProxy elsewhere, String user) throws IOException {
            return switch (this) {
                case SKOPEO -> Skopeo.configure(own, mirror, elsewhere, user);
                case CONTAINERD -> Containerd.start(own, mirror, elsewhere, user);
                case DOCKERD -> Dockerd.start(own, mirror, elsewhere, user);
                case PODMAN -> Podman.configure("podman", own, mirror, elsewhere, user);
                case BUILDAH -> Podman.configure("buildah", own, mirror, elsewhere, user);
                case JIB -> Jib.configure(own, mirror);
            };
        }

        /** An engine whose mirror is a host of ours, named the way such an engine names one. */
        Engine startBehind(Path own, String host, RefusingProxy elsewhere, String user) throws IOException {
            return start(own, namesRegistriesInPaths() ? host + "/docker.io" : host, elsewhere, user);
        }
    }

    @BeforeEach
    void startRegistry() throws IOException {
        registry = DockerRegistry.start(directory);
        tap = RegistryTap.start(registry.port());
        elsewhere = RefusingProxy.start();
        image = TestImage.write(directory.resolve("layout"), "library/probe", "1", 1, 6_000_000, 1_200_000, 200_000, 0);
        registry.push(image);
    }

    @AfterEach
    void stopRegistry() throws IOException {
        elsewhere.close();
        tap.close();
        registry.close();
    }

    /** An engine of its own state whose mirror for Docker Hub this is. */
    Engine engine(Kind kind, String mirror) throws IOException {
        return engine(kind, mirror, "");
    }

    /** @param user {@code name:password} as whom it pulls from that mirror; empty for nobody */
    private Engine engine(Kind kind, String mirror, String user) throws IOException {
        return kind.start(Files.createTempDirectory(directory, "engine"), mirror, elsewhere, user);
    }

    /** An engine whose mirror is a host of ours, named the way such an engine names one. */
    Engine engineBehind(Kind kind, String host) throws IOException {
        return engineBehind(kind, host, "");
    }

    /** @param user as whom it pulls through it; empty for nobody */
    Engine engineBehind(Kind kind, String host, String user) throws IOException {
        return kind.startBehind(Files.createTempDirectory(directory, "engine"), host, elsewhere, user);
    }

    /** Starts an engine that pulls through a node of ours. */
    interface Starter {
        Engine start(Nodes nodes, String user) throws IOException;
    }

    /**
     * The registry's user gets what is private, the second time without a byte from the registry, and nobody else does.
     *
     * @param bearer whether the registry wants tokens; else the password itself
     */
    void assertGivesWhatIsPrivateToItsUserAlone(boolean bearer, Starter engines) throws Exception {
        registry.close();
        try (TokenServer tokens = TokenServer.start(directory, USER);
                DockerRegistry guarded = DockerRegistry.start(directory, bearer ? tokens.auth() : basicAuth());
                RegistryTap guardedTap = RegistryTap.start(guarded.port());
                Nodes nodes = Nodes.alone(directory, guardedTap.port())) {
            try (Engine engine = engines.start(nodes, USER)) {
                engine.pull(image);
                assertThat(guardedTap.blobBytes()).isEqualTo(image.amd64().blobs());
                engine.forget(image);
                guardedTap.forget();
                engine.pull(image);
                assertThat(guardedTap.blobBytes().values())
                        .allSatisfy(bytes -> assertThat(bytes).isLessThanOrEqualTo(1));
            }
            try (Engine stranger = engines.start(nodes, "")) {
                assertThatThrownBy(() -> stranger.pull(image)).isInstanceOf(AssertionError.class);
            }
            assertThat(tokens.given().isEmpty()).isEqualTo(!bearer);
        }
    }

    private String basicAuth() throws IOException {
        String[] user = USER.split(":", 2);
        byte[] salt = new byte[16];
        String hash = OpenBSDBCrypt.generate("2y", user[1].toCharArray(), salt, 5);
        Path users = Files.writeString(directory.resolve("users"), user[0] + ":" + hash + "\n");
        return "auth: {htpasswd: {realm: probe, path: " + users + "}}";
    }

    /** What engines that read it have in a file of credentials. */
    static String credentials(String server, String user) {
        return "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}"
                .formatted(server, Base64.getEncoder().encodeToString(user.getBytes(UTF_8)));
    }

    /** What an engine asks the registry for, blobs aside, when nothing stands between them. */
    List<String> directRequests(Kind kind) throws Exception {
        try (Engine engine = engine(kind, "127.0.0.1:" + tap.port())) {
            engine.pull(image);
        }
        assertThat(tap.blobBytes()).isEqualTo(image.amd64().blobs());
        List<String> requests = tap.requestsButBlobs();
        tap.forget();
        return requests;
    }

    /**
     * What the registry is asked when an engine that asks so itself pulls through a host: what a tag stands for and
     * whether a manifest may be read by HEAD, unless that was just said, and the manifest by its digest.
     *
     * @param held whether the manifests are in a store already, so that they need not be read
     */
    List<String> askedThroughAHost(List<String> direct, boolean held) {
        String manifests = "/v2/" + image.repository() + "/manifests/";
        Set<String> said = new HashSet<>();
        List<String> asked = new ArrayList<>();
        for (String request : direct) {
            int at = request.indexOf(manifests);
            if (at < 0) {
                asked.add(request);
                continue;
            }
            String reference = request.substring(at + manifests.length());
            boolean tag = reference.equals(image.tag());
            String digest = tag ? image.index().toString() : reference;
            if (tag || !said.contains(digest)) {
                asked.add("HEAD " + manifests + reference);
                said.add(digest);
            }
            if (request.startsWith("GET ") && !held) {
                asked.add("GET " + manifests + digest);
            }
        }
        return asked;
    }

    /** Nobody is asked for a tag when a digest is named, and of an index only what its platform needs is read. */
    void assertPullsAnotherPlatformByDigest(Engine engine) throws Exception {
        engine.pull(image, "docker.io/" + image.repository() + "@" + image.index(), TestImage.ARM64);

        assertThat(tap.blobBytes()).isEqualTo(image.arm64().blobs());
        assertThat(tap.requestsButBlobs())
                .anyMatch(request -> request.endsWith("/manifests/" + image.index()))
                .noneMatch(request -> request.endsWith("/manifests/" + image.tag()));
    }

    /** Every blob came from the registry, each byte once. */
    void assertSentOnce() {
        assertThat(tap.blobBytes()).isEqualTo(image.amd64().blobs());
    }

    /** The registry was asked about blobs at most whether one may read them. */
    void assertNoBlobSent() {
        assertThat(tap.blobBytes().values())
                .allSatisfy(bytes -> assertThat(bytes).isLessThanOrEqualTo(1));
    }

    /** No engine has tried to get around its mirror. */
    void assertNothingWentAstray() {
        assertThat(elsewhere.asked()).isEmpty();
    }
}
