package io.pantala.proxy.demo;

import io.pantala.manifest.Descriptor;
import io.pantala.manifest.Digest;
import io.pantala.manifest.Manifest;
import io.pantala.manifest.ManifestException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** One pull of the demo's image, as an engine does it: tag, index, manifest, then config and layers all at once. */
final class EnginePull {
    private static final Duration LONGEST_WAIT_FOR_HEADERS = Duration.ofSeconds(60);
    private static final int BUFFER = 64 << 10;
    private static final long SMALL = 64 << 10;

    private final URI registry;
    private final int host;
    private final Progress progress;

    /** @param host whose progress it is */
    EnginePull(URI registry, int host, Progress progress) {
        this.registry = registry;
        this.host = host;
        this.progress = progress;
    }

    /** Pulls and verifies everything; nothing is kept. */
    void run() throws IOException, InterruptedException {
        run(Long.MAX_VALUE);
    }

    /** Pulls all but the large layers: the first pull of a process is slow, and no registry is to blame for it. */
    void rehearse() throws IOException, InterruptedException {
        run(SMALL);
    }

    private void run(long largest) throws IOException, InterruptedException {
        try (HttpClient http = HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(Duration.ofSeconds(10))
                        .build();
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            try {
                pull(http, threads, largest);
            } finally {
                threads.shutdownNow();
                http.shutdownNow();
            }
        }
    }

    private void pull(HttpClient http, ExecutorService threads, long largest) throws IOException, InterruptedException {
        List<Future<?>> blobs = new ArrayList<>();
        for (Descriptor blob : blobs(http)) {
            if (blob.size() <= largest) {
                blobs.add(threads.submit(() -> {
                    blob(http, blob);
                    return null;
                }));
            }
        }
        for (Future<?> blob : blobs) {
            await(blob);
        }
    }

    private List<Descriptor> blobs(HttpClient http) throws IOException, InterruptedException {
        byte[] index = manifest(http, DemoImage.TAG, DemoImage.INDEX_TYPE);
        Descriptor child = only(parse(index), Manifest.Index.class).manifests().getFirst();
        byte[] manifest = manifest(http, child.digest().toString(), DemoImage.MANIFEST_TYPE);
        return only(parse(manifest), Manifest.Image.class).blobs();
    }

    private byte[] manifest(HttpClient http, String reference, String type) throws IOException, InterruptedException {
        HttpResponse<byte[]> response = http.send(
                request("manifests/" + reference).header("Accept", type).build(),
                HttpResponse.BodyHandlers.ofByteArray());
        expectOk(response);
        byte[] body = response.body();
        progress.received(host, body.length);
        progress.verified(response.headers()
                .firstValue("Docker-Content-Digest")
                .map(Digest.sha256(body).toString()::equals)
                .orElse(false));
        return body;
    }

    private void blob(HttpClient http, Descriptor blob) throws IOException, InterruptedException {
        HttpResponse<InputStream> response =
                http.send(request("blobs/" + blob.digest()).build(), HttpResponse.BodyHandlers.ofInputStream());
        MessageDigest sha256 = Digest.newSha256();
        try (InputStream body = response.body()) {
            expectOk(response);
            byte[] buffer = new byte[BUFFER];
            for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
                sha256.update(buffer, 0, read);
                progress.received(host, read);
            }
        }
        progress.verified(Digest.ofSha256(sha256.digest()).equals(blob.digest()));
    }

    private HttpRequest.Builder request(String what) {
        return HttpRequest.newBuilder(registry.resolve("/v2/" + DemoImage.REPOSITORY + "/" + what))
                .timeout(LONGEST_WAIT_FOR_HEADERS);
    }

    private static void expectOk(HttpResponse<?> response) throws IOException {
        if (response.statusCode() != 200) {
            throw new IOException(response.uri().getPath() + " was answered with " + response.statusCode());
        }
    }

    private static Manifest parse(byte[] body) throws IOException {
        try {
            return Manifest.parse(body);
        } catch (ManifestException e) {
            throw new IOException(e);
        }
    }

    private static <M extends Manifest> M only(Manifest found, Class<M> wanted) throws IOException {
        if (!wanted.isInstance(found)) {
            throw new IOException("not an " + wanted.getSimpleName() + ": " + found);
        }
        return wanted.cast(found);
    }

    private static void await(Future<?> blob) throws IOException, InterruptedException {
        try {
            blob.get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }
}
