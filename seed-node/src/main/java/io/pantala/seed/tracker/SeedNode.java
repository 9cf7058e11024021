package io.pantala.seed.tracker;

import io.pantala.manifest.BlobKey;
import io.pantala.seed.http.Routes;
import io.pantala.store.BlobStore;
import io.pantala.swarm.BlobFiller;
import io.pantala.transport.block.BlockServer;
import io.pantala.transport.block.BlockServerListener;
import io.pantala.transport.control.ControlMessage;
import io.pantala.transport.control.ControlMessage.AboutBlob;
import io.pantala.transport.control.ControlServer;
import io.pantala.transport.control.ControlSession;
import io.pantala.transport.control.ControlSessions;
import io.pantala.transport.control.LinkedHost;
import io.pantala.transport.link.Access;
import io.vertx.core.Vertx;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A seed: has blobs filled that hosts want, tells them the hashes as they come, and serves the blocks. What is shared
 * among hosts has one owner, a thread that takes one event at a time.
 */
public final class SeedNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SeedNode.class);

    private final TrackerConfig config;
    private final Owner owner = new Owner();
    private final Swarm.Surroundings surroundings;
    private final ControlServer control;
    private final BlockServer blocks;

    // The owner's own.
    private final Map<ControlSession, Set<BlobKey>> wanted = new HashMap<>();
    private final Map<BlobKey, Swarm> swarms = new HashMap<>();

    /**
     * @param name what the seed calls itself: the same after a restart, since hosts choose a blob's seed by it
     * @param filler where blobs come from that the store doesn't hold
     * @param cluster what hosts are told of it, and what opens blocks to them
     */
    public SeedNode(
            Vertx vertx,
            String name,
            BlobStore store,
            BlobFiller filler,
            ClusterDesk cluster,
            BlockServerListener listener,
            TrackerConfig config) {
        this.config = config;
        this.surroundings = new Swarm.Surroundings(store, filler, cluster, owner, config, this::ended);
        this.control = new ControlServer(vertx, name, config.control(), new Sessions(), owner, cluster::news);
        this.blocks = new BlockServer(store, cluster.tickets(), listener);
    }

    /** Mounts the control link and the blocks. */
    public void mount(Routes routes) {
        routes.get(ControlServer.PATH, Access.HOSTS, control::handle);
        routes.getMatching(BlockServer.PATHS, Access.NODES, blocks::handle);
    }

    /** The hosts that are linked now. */
    public List<LinkedHost> hosts() {
        return control.hosts();
    }

    /** Tells all hosts what is new in the cluster. */
    public void tellNews() {
        control.tellNews();
    }

    /** Closes all links, and lets go of what hosts wanted. */
    @Override
    public void close() {
        control.close();
        owner.execute(() -> List.copyOf(swarms.values()).forEach(Swarm::close));
        owner.close();
    }

    private void ended(Swarm swarm) {
        swarms.remove(swarm.key(), swarm);
        wanted.values().forEach(keys -> keys.remove(swarm.key()));
    }

    private final class Sessions implements ControlSessions {
        @Override
        public void opened(ControlSession session) {
            wanted.put(session, new HashSet<>());
        }

        @Override
        public void received(ControlSession session, AboutBlob message) {
            switch (message) {
                case ControlMessage.Want want -> want(session, want);
                case ControlMessage.Leave(BlobKey key) -> leave(session, key);
                case ControlMessage.Credential credential -> {
                    Swarm swarm = swarms.get(credential.key());
                    if (swarm != null) {
                        swarm.answered(session, credential.authorization());
                    }
                }
                case ControlMessage.Accepted _,
                        ControlMessage.Opened _,
                        ControlMessage.Granted _,
                        ControlMessage.Refused _,
                        ControlMessage.PassThrough _,
                        ControlMessage.Unavailable _,
                        ControlMessage.Hashes _,
                        ControlMessage.Sealed _,
                        ControlMessage.Failed _,
                        ControlMessage.CredentialWanted _ -> {
                    // Only seeds say these.
                }
            }
        }

        private void want(ControlSession session, ControlMessage.Want want) {
            Set<BlobKey> keys = wanted.get(session);
            if (keys == null) {
                return;
            }
            if (!keys.contains(want.key()) && keys.size() >= config.wants()) {
                session.send(new ControlMessage.Unavailable(want.key(), "this host wants too many blobs at once"));
                return;
            }
            LOG.info("{} wants {} from {} request={}", session, want.key(), want.repository(), want.requestId());
            session.send(new ControlMessage.Accepted(want.key()));
            keys.add(want.key());
            swarms.computeIfAbsent(want.key(), key -> new Swarm(key, surroundings))
                    .join(session, want);
        }

        private void leave(ControlSession session, BlobKey key) {
            Set<BlobKey> keys = wanted.get(session);
            Swarm swarm = swarms.get(key);
            if (keys != null && keys.remove(key) && swarm != null) {
                swarm.leave(session);
            }
        }

        @Override
        public void closed(ControlSession session) {
            Set<BlobKey> keys = wanted.remove(session);
            if (keys != null) {
                keys.forEach(key -> {
                    Swarm swarm = swarms.get(key);
                    if (swarm != null) {
                        swarm.leave(session);
                    }
                });
            }
        }
    }
}
