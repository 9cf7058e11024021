package io.pantala.registry;

import io.pantala.manifest.RepositoryName;
import io.pantala.swarm.Authorization;
import io.pantala.swarm.CredentialSource;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How this node itself answers the challenges of one registry, with a credential of its own. */
public final class OwnCredentials {
    private static final Logger LOG = LoggerFactory.getLogger(OwnCredentials.class);

    private final RegistryClient client;
    private final Upstream upstream;
    private final HeldCredential held;
    private final InstantSource clock;

    private Authorization used = Authorization.ANONYMOUS;
    private TokenExchange exchange;

    public OwnCredentials(RegistryClient client, Upstream upstream, HeldCredential held, InstantSource clock) {
        this.client = client;
        this.upstream = upstream;
        this.held = held;
        this.clock = clock;
        this.exchange = new TokenExchange(client, upstream, used, clock);
    }

    /** The credential itself; anonymous when it can't be read just now. */
    public Authorization held() {
        try {
            return held.current();
        } catch (IOException e) {
            return unreadable(e);
        }
    }

    /** The credentials for pulling from {@code repository}, as far as they are known by then. */
    public CredentialSource forPulling(RepositoryName repository) {
        return new CredentialSource() {
            @Override
            public Authorization current() {
                return exchange(held()).current(repository);
            }

            @Override
            public Optional<Authorization> newerThan(Authorization rejected, String challenge) {
                TokenExchange known = exchange(held());
                Optional<Authorization> newer = granted(known.answer(repository, rejected, challenge));
                if (newer.isPresent()) {
                    return newer;
                }
                TokenExchange renewed = exchange(renewed());
                return renewed.equals(known)
                        ? Optional.empty()
                        : granted(renewed.answer(repository, rejected, challenge));
            }
        };
    }

    private Authorization renewed() {
        try {
            return held.renewed();
        } catch (IOException e) {
            return unreadable(e);
        }
    }

    private Authorization unreadable(IOException why) {
        LOG.warn("no credential for {}: {}", upstream.name(), why.getMessage());
        return Authorization.ANONYMOUS;
    }

    private static Optional<Authorization> granted(TokenAnswer answer) {
        return switch (answer) {
            case TokenAnswer.Granted(Authorization authorization) -> Optional.of(authorization);
            case TokenAnswer.Refused _ -> Optional.empty();
        };
    }

    private synchronized TokenExchange exchange(Authorization now) {
        if (!now.equals(used)) {
            used = now;
            exchange = new TokenExchange(client, upstream, now, clock);
        }
        return exchange;
    }
}
