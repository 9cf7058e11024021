package io.pantala.seed.preheat;

import io.pantala.manifest.UpstreamName;
import io.pantala.registry.OwnCredentials;
import io.pantala.registry.RegistryClient;
import io.pantala.registry.TokenExchange;
import io.pantala.registry.Upstream;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.BlobFiller;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;

/** The preheats of one seed: those that wait, those that run, and for a while those that have ended. In memory only. */
public final class Preheats implements AutoCloseable {
    private final Map<UpstreamName, OwnCredentials> own;
    private final BlobFiller filler;
    private final RegistryClient registry;
    private final PreheatConfig config;
    private final PreheatListener listener;
    private final InstantSource clock;
    private final SecureRandom random = new SecureRandom();
    private final Semaphore slots;
    private final Map<String, PreheatJob> jobs = new LinkedHashMap<>();

    public Preheats(
            BlobFiller filler,
            RegistryClient registry,
            PreheatConfig config,
            PreheatListener listener,
            InstantSource clock) {
        this(filler, registry, config, listener, clock, Map.of());
    }

    /** @param own what registries are read with for preheats that bring no credentials */
    public Preheats(
            BlobFiller filler,
            RegistryClient registry,
            PreheatConfig config,
            PreheatListener listener,
            InstantSource clock,
            Map<UpstreamName, OwnCredentials> own) {
        this.own = Map.copyOf(own);
        this.filler = filler;
        this.registry = registry;
        this.config = config;
        this.listener = listener;
        this.clock = clock;
        this.slots = new Semaphore(config.imagesAtOnce(), true);
    }

    /** Starts a preheat, or has it wait for its turn. */
    public Submission submit(PreheatRequest request) {
        Optional<Upstream> upstream = registry.upstreams().find(request.image().upstream());
        if (upstream.isEmpty()) {
            return new Submission.UnknownUpstream(request.image().upstream());
        }
        OwnCredentials held = own.get(upstream.get().name());
        Authorization shown = held != null && request.credentials().isAnonymous() ? held.held() : request.credentials();
        var credentials = new TokenExchange(registry, upstream.get(), shown, clock);
        var manifests = new ManifestSource(registry, request.image().upstream(), credentials, config.retryPause());
        PreheatJob job;
        synchronized (jobs) {
            forget();
            if (jobs.size() >= config.kept()) {
                return new Submission.Full(jobs.size());
            }
            job = new PreheatJob(newId(), request.image(), request.platforms(), config, listener, clock);
            jobs.put(job.id(), job);
        }
        PreheatStatus submitted = job.status();
        listener.submitted(submitted);
        job.start(
                slots, manifests, filler, credentials.forPulling(request.image().repository()));
        return new Submission.Accepted(submitted);
    }

    public Optional<PreheatStatus> find(String id) {
        return job(id).map(PreheatJob::status);
    }

    /** All that are remembered, the oldest first. */
    public List<PreheatStatus> list() {
        List<PreheatJob> known;
        synchronized (jobs) {
            forget();
            known = new ArrayList<>(jobs.values());
        }
        return known.stream().map(PreheatJob::status).toList();
    }

    /**
     * Stops one if it has not ended yet. What it has fetched stays.
     *
     * @return how it has ended
     */
    public Optional<PreheatStatus> cancel(String id) {
        Optional<PreheatJob> found = job(id);
        found.ifPresent(PreheatJob::cancel);
        return found.map(PreheatJob::status);
    }

    /** Stops all of them. */
    @Override
    public void close() {
        List<PreheatJob> running;
        synchronized (jobs) {
            running = new ArrayList<>(jobs.values());
        }
        running.forEach(PreheatJob::cancel);
    }

    private Optional<PreheatJob> job(String id) {
        synchronized (jobs) {
            forget();
            return Optional.ofNullable(jobs.get(id));
        }
    }

    /** Drops the ended ones whose time is over, and where there are too many, the oldest ended one. */
    private void forget() {
        Instant eldest = clock.instant().minus(config.keptFor());
        jobs.values().removeIf(job -> job.finished().map(eldest::isAfter).orElse(false));
        if (jobs.size() >= config.kept()) {
            for (Iterator<PreheatJob> each = jobs.values().iterator(); each.hasNext(); ) {
                if (each.next().finished().isPresent()) {
                    each.remove();
                    return;
                }
            }
        }
    }

    private String newId() {
        byte[] id = new byte[8];
        random.nextBytes(id);
        return HexFormat.of().formatHex(id);
    }
}
