package io.pantala.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pantala.manifest.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the OCI distribution specification says of pulls, of finding content, and of ranges, referrers and errors: of a
 * registry, of a host as its mirror and as its proxy, and that what they say is the same. With the system property
 * {@code pantala.conformance.url} of any other base URL that gives the same image, too.
 */
@Tag("engine")
class ConformanceTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String URL = "pantala.conformance.url";
    private static final int RANGE_NOT_SATISFIABLE = 416;
    private static final String ABSENT = "sha256:" + "0".repeat(64);
    private static final String INDEX = "application/vnd.oci.image.index.v1+json";
    private static final String MANIFEST = "application/vnd.oci.image.manifest.v1+json";

    /** What says something about content; dates, ids and the like are each server's own. */
    private static final Set<String> COMPARED = Set.of(
            "content-type",
            "content-length",
            "content-range",
            "docker-content-digest",
            "docker-distribution-api-version",
            "link",
            "oci-filters-applied");

    @TempDir
    private static Path directory;

    @Nullable
    private static DockerRegistry registry;

    @Nullable
    private static Nodes nodes;

    private static final Map<String, Target> TARGETS = new LinkedHashMap<>();
    private static final List<Case> CASES = new ArrayList<>();
    private static final Map<String, Reply> OF_THE_REGISTRY = new HashMap<>();

    /** Where requests go, and how. */
    private record Target(String base, HttpClient http) {
        Reply ask(Case each) throws IOException, InterruptedException {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + each.path))
                    .timeout(Duration.ofSeconds(30))
                    .method(each.method, HttpRequest.BodyPublishers.noBody());
            each.headers.forEach(request::header);
            HttpResponse<InputStream> response = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream in = response.body()) {
                return new Reply(response, in.readAllBytes());
            } catch (IOException e) {
                if (response.statusCode() == RANGE_NOT_SATISFIABLE) {
                    // Debian's registry says the blob's length of the few words that it sends then.
                    return new Reply(response, new byte[0]);
                }
                throw e;
            }
        }
    }

    /**
     * A request, and what must be true of its answer.
     *
     * @param same whether the specification leaves no choice to who answers
     */
    private record Case(
            String name,
            String method,
            String path,
            Map<String, String> headers,
            boolean same,
            Consumer<Reply> check) {}

    /** An answer. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Reply(HttpResponse<?> response, byte[] body) {
        int status() {
            return response.statusCode();
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        Set<String> codes() {
            try {
                Set<String> codes = new TreeSet<>();
                for (JsonNode error : JSON.readTree(body()).path("errors")) {
                    codes.add(error.path("code").asText());
                }
                return codes;
            } catch (IOException e) {
                return Set.of();
            }
        }

        /** What is the same wherever it comes from. */
        Map<String, String> essence() {
            Map<String, String> essence = new TreeMap<>();
            essence.put("status", Integer.toString(status()));
            if (status() == RANGE_NOT_SATISFIABLE) {
                return essence;
            }
            if (status() >= 400) {
                if (!codes().isEmpty()) {
                    essence.put("codes", codes().toString());
                }
                return essence;
            }
            response.headers().map().forEach((name, values) -> {
                if (COMPARED.contains(name.toLowerCase(Locale.ROOT))) {
                    essence.put(name.toLowerCase(Locale.ROOT), String.join(", ", values));
                }
            });
            essence.put("body", Digest.sha256(body()).toString());
            return essence;
        }
    }

    @BeforeAll
    static void start() throws Exception {
        registry = DockerRegistry.start(directory);
        TestImage image =
                TestImage.write(directory.resolve("layout"), "library/probe", "1", 1, 3_000_000, 1_200_000, 0);
        registry.push(image);
        registry.push(TestImage.write(directory.resolve("other"), "library/other", "1", 2, 1_000));
        nodes = Nodes.alone(directory, registry.port());
        write(image);
        HttpClient plain = client().build();
        TARGETS.put("the registry", new Target("http://127.0.0.1:" + registry.port(), plain));
        TARGETS.put("a mirror", new Target("http://" + nodes.mirror(0), plain));
        HttpClient proxied = client().proxy(ProxySelector.of(proxy(nodes)))
                .sslContext(trusting(nodes.authority(0)))
                .build();
        TARGETS.put("a proxy, by CONNECT", new Target("https://registry-1.docker.io", proxied));
        TARGETS.put("a proxy, by absolute form", new Target("http://127.0.0.1:" + registry.port(), proxied));
        Optional.ofNullable(System.getProperty(URL)).ifPresent(url -> TARGETS.put(url, new Target(url, plain)));
    }

    @AfterAll
    static void stop() throws Exception {
        TARGETS.clear();
        CASES.clear();
        OF_THE_REGISTRY.clear();
        if (nodes != null) {
            nodes.close();
        }
        if (registry != null) {
            registry.close();
        }
    }

    @TestFactory
    Stream<DynamicContainer> saysWhatTheSpecificationSays() {
        return TARGETS.entrySet().stream()
                .map(target -> DynamicContainer.dynamicContainer(
                        target.getKey(),
                        CASES.stream()
                                .map(each ->
                                        DynamicTest.dynamicTest(each.name, () -> check(each, target.getValue())))));
    }

    private static void check(Case each, Target target) throws Exception {
        // Twice: what has been given once is given from elsewhere then.
        for (int time = 0; time < 2; time++) {
            Reply reply = target.ask(each);
            each.check.accept(reply);
            if (each.method.equals("HEAD")) {
                assertThat(reply.body()).isEmpty();
            }
            if (each.same) {
                Map<String, String> first =
                        OF_THE_REGISTRY.computeIfAbsent(each.name, _ -> reply).essence();
                // An error that the registry has no code for may be given one.
                assertThat(reply.essence()).containsAllEntriesOf(first);
            }
        }
    }

    private static void write(TestImage image) throws IOException {
        String repository = "/v2/" + image.repository();
        Digest index = image.index();
        Digest manifest = image.amd64().manifest();
        Map.Entry<Digest, Long> layer = image.amd64().blobs().entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow();
        String blob = repository + "/blobs/" + layer.getKey();
        int size = Math.toIntExact(layer.getValue());
        byte[] content = Files.readAllBytes(
                image.layout().resolve("blobs/sha256").resolve(layer.getKey().encoded()));

        same(
                "the version check",
                "GET",
                "/v2/",
                reply -> assertThat(reply.status()).isEqualTo(200));

        for (String reference : List.of(image.tag(), index.toString())) {
            String what = reference.startsWith("sha256") ? " by digest" : " by tag";
            for (String method : List.of("HEAD", "GET")) {
                accepting(method + " of an index" + what, method, repository + "/manifests/" + reference, reply -> {
                    assertThat(reply.status()).isEqualTo(200);
                    assertThat(reply.header("Docker-Content-Digest")).isEqualTo(index.toString());
                    assertThat(reply.header("Content-Type")).isEqualTo(INDEX);
                    assertThat(reply.header("Content-Length")).isNotEmpty();
                    if (method.equals("GET")) {
                        assertThat(Digest.sha256(reply.body())).isEqualTo(index);
                    }
                });
            }
        }
        accepting("GET of a manifest by digest", "GET", repository + "/manifests/" + manifest, reply -> {
            assertThat(reply.status()).isEqualTo(200);
            assertThat(Digest.sha256(reply.body())).isEqualTo(manifest);
            assertThat(reply.header("Content-Type")).isEqualTo(MANIFEST);
        });
        CASES.add(new Case(
                "GET of a manifest that is held already",
                "GET",
                repository + "/manifests/" + index,
                Map.of("Accept", INDEX, "If-None-Match", '"' + index.toString() + '"'),
                false,
                reply -> assertThat(reply.status()).isIn(200, 304)));
        for (String reference : List.of("absent", ABSENT)) {
            accepting(
                    "HEAD of a manifest that isn't there: " + reference,
                    "HEAD",
                    repository + "/manifests/" + reference,
                    reply -> assertThat(reply.status()).isEqualTo(404));
            accepting(
                    "GET of a manifest that isn't there: " + reference,
                    "GET",
                    repository + "/manifests/" + reference,
                    reply -> refused(reply, 404, "MANIFEST_UNKNOWN"));
        }
        accepting(
                "GET of a manifest of no repository",
                "GET",
                "/v2/library/absent/manifests/1",
                reply -> refused(reply, 404, "NAME_UNKNOWN", "MANIFEST_UNKNOWN"));

        for (Map.Entry<Digest, Long> each : image.amd64().blobs().entrySet()) {
            String path = repository + "/blobs/" + each.getKey();
            for (String method : List.of("HEAD", "GET")) {
                same(
                        method + " of a blob of " + each.getValue() + " bytes "
                                + each.getKey().encoded().substring(0, 6),
                        method,
                        path,
                        reply -> {
                            assertThat(reply.status()).isEqualTo(200);
                            assertThat(reply.header("Content-Length"))
                                    .isEqualTo(each.getValue().toString());
                            assertThat(reply.header("Docker-Content-Digest"))
                                    .isEqualTo(each.getKey().toString());
                            if (method.equals("GET")) {
                                assertThat(Digest.sha256(reply.body())).isEqualTo(each.getKey());
                            }
                        });
            }
        }
        same(
                "HEAD of a blob that isn't there",
                "HEAD",
                repository + "/blobs/" + ABSENT,
                reply -> assertThat(reply.status()).isEqualTo(404));
        same(
                "GET of a blob that isn't there",
                "GET",
                repository + "/blobs/" + ABSENT,
                reply -> refused(reply, 404, "BLOB_UNKNOWN"));
        same(
                "GET of a blob of another repository",
                "GET",
                "/v2/library/other/blobs/" + layer.getKey(),
                reply -> refused(reply, 404, "BLOB_UNKNOWN"));
        CASES.add(new Case(
                "GET of a blob by no digest",
                "GET",
                repository + "/blobs/sha256:1",
                Map.of(),
                false,
                reply -> assertThat(reply.status()).isIn(400, 404)));

        range("from the start", blob, "bytes=0-9", 206, content, 0, 10);
        range("of one byte", blob, "bytes=7-7", 206, content, 7, 8);
        range("to the end", blob, "bytes=" + (size - 5) + "-", 206, content, size - 5, size);
        range("of all", blob, "bytes=0-", 206, content, 0, size);
        range("of the last bytes", blob, "bytes=-10", 206, content, size - 10, size);
        range("past the end", blob, "bytes=10-" + (size + 100), 206, content, 10, size);
        for (String wrong : List.of("bytes=" + size + "-", "bytes=" + (size + 5) + "-" + (size + 9))) {
            ranged("a range behind the end: " + wrong, blob, wrong, true, reply -> {
                assertThat(reply.status()).isEqualTo(416);
                assertThat(reply.header("Content-Range")).isEqualTo("bytes */" + size);
            });
        }
        ranged(
                "a range that ends before it starts",
                blob,
                "bytes=5-2",
                true,
                reply -> assertThat(reply.status()).isEqualTo(416));
        ranged(
                "a range that is none",
                blob,
                "bytes=x-y",
                false,
                reply -> assertThat(reply.status()).isIn(200, 416));
        ranged(
                "a range of another unit",
                blob,
                "lines=0-1",
                false,
                reply -> assertThat(reply.status()).isIn(200, 416));
        ranged("several ranges", blob, "bytes=0-1,4-5", false, reply -> {
            assertThat(reply.status()).isIn(200, 206);
            if (reply.status() == 206) {
                assertThat(reply.header("Content-Type")).startsWith("multipart/byteranges");
            }
        });

        same("the tags of a repository", "GET", repository + "/tags/list", reply -> {
            assertThat(reply.status()).isEqualTo(200);
            assertThat(new String(reply.body(), StandardCharsets.UTF_8)).contains('"' + image.tag() + '"');
        });
        same(
                "the first tags",
                "GET",
                repository + "/tags/list?n=1",
                reply -> assertThat(reply.status()).isEqualTo(200));
        same(
                "the tags after one",
                "GET",
                repository + "/tags/list?n=1&last=0",
                reply -> assertThat(reply.status()).isEqualTo(200));
        same(
                "the tags of no repository",
                "GET",
                "/v2/library/absent/tags/list",
                reply -> refused(reply, 404, "NAME_UNKNOWN"));
        same(
                "all repositories",
                "GET",
                "/v2/_catalog",
                reply -> assertThat(reply.status()).isIn(200, 401, 404));

        for (String query : List.of("", "?artifactType=application/x")) {
            same("referrers" + query, "GET", repository + "/referrers/" + manifest + query, reply -> {
                assertThat(reply.status()).isIn(200, 404);
                if (reply.status() == 200) {
                    assertThat(reply.header("Content-Type")).isEqualTo(INDEX);
                }
            });
        }
        accepting(
                "referrers by the tag of old",
                "GET",
                repository + "/manifests/" + manifest.toString().replace(':', '-'),
                reply -> assertThat(reply.status()).isIn(200, 404));
        CASES.add(new Case(
                "an endpoint that isn't there",
                "GET",
                repository + "/absent/x",
                Map.of(),
                false,
                reply -> assertThat(reply.status()).isEqualTo(404)));
        CASES.add(new Case(
                "a repository that can't be",
                "GET",
                "/v2/LIBRARY/Probe/manifests/1",
                Map.of(),
                false,
                reply -> assertThat(reply.status()).isIn(400, 404)));
    }

    private static void range(String what, String path, String range, int status, byte[] content, int from, int to) {
        ranged("a range " + what, path, range, true, reply -> {
            assertThat(reply.status()).isEqualTo(status);
            assertThat(reply.header("Content-Range"))
                    .isEqualTo("bytes %d-%d/%d".formatted(from, to - 1, content.length));
            assertThat(reply.header("Content-Length")).isEqualTo(Integer.toString(to - from));
            assertThat(reply.body()).isEqualTo(Arrays.copyOfRange(content, from, to));
        });
    }

    private static void ranged(String name, String path, String range, boolean same, Consumer<Reply> check) {
        CASES.add(new Case(name, "GET", path, Map.of("Range", range), same, check));
    }

    private static void same(String name, String method, String path, Consumer<Reply> check) {
        CASES.add(new Case(name, method, path, Map.of(), true, check));
    }

    private static void accepting(String name, String method, String path, Consumer<Reply> check) {
        CASES.add(new Case(name, method, path, Map.of("Accept", INDEX + ", " + MANIFEST), true, check));
    }

    private static void refused(Reply reply, int status, String... codes) {
        assertThat(reply.status()).isEqualTo(status);
        assertThat(reply.codes()).hasSize(1);
        assertThat(codes).containsAll(reply.codes());
    }

    private static HttpClient.Builder client() {
        return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
    }

    private static InetSocketAddress proxy(Nodes nodes) {
        URI address = URI.create("http://" + nodes.mirror(0));
        return new InetSocketAddress(address.getHost(), address.getPort());
    }

    private static SSLContext trusting(Path authority) throws IOException, GeneralSecurityException {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (var in = Files.newInputStream(authority)) {
            trusted.setCertificateEntry(
                    "authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        return context;
    }
}
