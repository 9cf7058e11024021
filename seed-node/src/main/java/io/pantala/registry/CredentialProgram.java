package io.pantala.registry;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Docker's protocol for credential helpers: {@code PROGRAM get}, with the registry's name on its standard input. */
final class CredentialProgram {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int LONGEST_ANSWER = 64 << 10;

    private CredentialProgram() {}

    /** What it says. What it complains of may hold secrets, and is dropped. */
    static JsonNode ask(String program, String registry) throws IOException {
        Process process;
        try {
            process = new ProcessBuilder(program, "get")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new IOException("the credential helper " + program + " can't be started", e);
        }
        try {
            var reading = new FutureTask<>(() -> process.getInputStream().readNBytes(LONGEST_ANSWER));
            Thread.ofVirtual().name("credential-helper").start(reading);
            try (OutputStream in = process.getOutputStream()) {
                in.write(registry.getBytes(UTF_8));
            } catch (IOException e) {
                // It may know its answer without having read the question.
            }
            byte[] answer = reading.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (!process.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS) || process.exitValue() != 0) {
                throw new IOException("the credential helper " + program + " has nothing for " + registry);
            }
            return parse(answer, program);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("the credential helper " + program + " did not answer");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static JsonNode parse(byte[] answer, String program) throws IOException {
        try {
            return JSON.readTree(answer);
        } catch (IOException e) {
            throw new IOException("the credential helper " + program + " answered no JSON");
        }
    }
}
