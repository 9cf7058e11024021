package io.pantala.swarm;

import java.util.Optional;

/** Where a fill finds the credential it reads the registry with, also after the first one has expired. */
public interface CredentialSource {
    /** The credential to read with now: the newest that has not been rejected, as far as known. */
    Authorization current();

    /**
     * Another credential than one that the registry has just rejected. May wait a few seconds for it, so call it on a
     * virtual thread.
     *
     * @param rejected what was answered with 401
     * @param challenge the {@code WWW-Authenticate} value that came with it; empty if there was none
     */
    Optional<Authorization> newerThan(Authorization rejected, String challenge);

    /** A credential that never changes. */
    static CredentialSource fixed(Authorization authorization) {
        return new CredentialSource() {
            @Override
            public Authorization current() {
                return authorization;
            }

            @Override
            public Optional<Authorization> newerThan(Authorization rejected, String challenge) {
                return Optional.empty();
            }
        };
    }
}
