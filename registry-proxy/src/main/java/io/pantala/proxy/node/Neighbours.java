package io.pantala.proxy.node;

import io.pantala.manifest.Digest;
import io.pantala.proxy.config.LinksConfig;
import io.pantala.proxy.events.BlockEvents;
import io.pantala.proxy.events.DoorEvents;
import io.pantala.proxy.events.MembershipEvents;
import io.pantala.proxy.events.SwarmEvents;
import io.pantala.proxy.notes.Notes;
import io.pantala.proxy.notes.NotesApi;
import io.pantala.proxy.notes.SeedNotes;
import io.pantala.proxy.notes.SharedNotes;
import io.pantala.swarm.download.Announcer;
import io.pantala.swarm.download.SwarmDownloads;
import io.pantala.transport.NodeAddress;
import io.pantala.transport.block.BlockClient;
import io.pantala.transport.block.BlockServer;
import io.pantala.transport.block.PeerServer;
import io.pantala.transport.control.ClusterNews;
import io.pantala.transport.control.ControlMessage.Limits;
import io.pantala.transport.control.ControlMessage.News;
import io.pantala.transport.control.ControlMessage.Peer;
import io.pantala.transport.control.LinkSecurity;
import io.pantala.transport.control.SeedLink;
import io.pantala.transport.control.SeedLinks;
import io.pantala.transport.identity.ClusterTls;
import io.pantala.transport.identity.NodeIdentity;
import io.pantala.transport.identity.Role;
import io.pantala.transport.identity.Roots;
import io.pantala.transport.join.Membership;
import io.pantala.transport.link.Door;
import io.pantala.transport.link.LinkClient;
import io.pantala.transport.link.SeedNames;
import io.pantala.transport.ticket.SeedClocks;
import io.pantala.transport.ticket.TicketCheck;
import io.pantala.transport.ticket.Vouchers;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a host has to do with other nodes: its links to seeds, and the blocks that it takes and gives. */
final class Neighbours {
    private static final Logger LOG = LoggerFactory.getLogger(Neighbours.class);
    private static final String DIRECTORY = "identity";
    private static final Duration LASTING_AGAIN = Duration.ofMinutes(30);

    /** So much less than an hour is a proof good for elsewhere. */
    private static final Duration PROOFS_AGAIN = Duration.ofMinutes(5);

    private final LinksConfig config;
    private final NodeIdentity self;
    private final Optional<Membership> membership;
    private final ClusterNews news;
    private final PeerServer peers;
    private final SwarmDownloads downloads;
    private final Announcer announcer;
    private volatile Optional<SharedNotes> proofs = Optional.empty();

    private Neighbours(LinksConfig config, Base base) throws IOException {
        this.config = config;
        self = new NodeIdentity(Role.HOST, base.name());
        SeedClocks clocks = new SeedClocks(self.name(), base.tuning.clock(), System::nanoTime);
        news = new ClusterNews(clocks, System::nanoTime);
        Vouchers vouchers = new Vouchers();
        announcer = new Announcer(base.store, vouchers);
        membership = config.token().isPresent() ? Optional.of(join(base)) : Optional.empty();
        Optional<ClusterTls> tls = membership.map(Membership::tls);
        peers = base.add(
                PeerServer.start(
                        base.vertx,
                        config.listen(),
                        tls,
                        door(base),
                        new BlockServer(
                                base.store,
                                new TicketCheck(news::ticketKeys, clocks),
                                base.upload,
                                new BlockEvents(base.metrics))),
                PeerServer::close);
        SwarmEvents events = new SwarmEvents(base.metrics, base.history);
        SeedLinks links = base.add(
                SeedLinks.dial(
                        base.vertx,
                        new SeedLinks.Dial(
                                new SeedNames(config.seeds()),
                                self.name(),
                                "pantala/" + Version.read(),
                                Optional.of(advertised()),
                                base.zone().toString(),
                                new Limits(base.upload.bytesPerSecond(), base.download.bytesPerSecond()),
                                membership
                                        .<LinkSecurity>map(LinkSecurity.Certified::new)
                                        .orElseGet(() -> new LinkSecurity.Plain(base.tuning.local())),
                                this::welcome,
                                this::hear),
                        base.tuning.control(),
                        events),
                SeedLinks::close);
        BlockClient blocks = base.add(new BlockClient(base.tuning.blocks(), tls, base.download), BlockClient::close);
        membership.ifPresent(member -> member.onRenewal(blocks::renew));
        downloads = base.add(
                new SwarmDownloads(base.store, links, blocks, vouchers, events, base.tuning.swarm()),
                SwarmDownloads::close);
    }

    /** Opens it all. */
    static Neighbours open(LinksConfig config, Base base) throws IOException {
        return new Neighbours(config, base);
    }

    SwarmDownloads downloads() {
        return downloads;
    }

    /** Notes that the whole cluster has a part in. */
    Notes shareLasting(Notes own, Base base) {
        return share(
                own,
                NotesApi.LASTING,
                name -> Optional.of(
                        Digest.sha256(name.getBytes(StandardCharsets.UTF_8)).encoded()),
                LASTING_AGAIN,
                base);
    }

    /** Notes on who was given what, which seeds get under hashes that they can make nothing of without the cluster's key. */
    Notes shareProofs(Notes own, Base base) {
        SharedNotes shared =
                share(own, NotesApi.PROOFS, name -> news.key().map(key -> key.hash(name)), PROOFS_AGAIN, base);
        proofs = Optional.of(shared);
        return shared;
    }

    private SharedNotes share(
            Notes own, String path, Function<String, Optional<String>> naming, Duration again, Base base) {
        LinkClient client = base.add(
                new LinkClient(base.vertx, membership.map(member -> member.tls().toSeeds())), LinkClient::close);
        return base.add(
                new SharedNotes(
                        own, new SeedNames(config.seeds())::resolve, SeedNotes.over(client, path), naming, again),
                SharedNotes::close);
    }

    /** Where other hosts fetch blocks. */
    NodeAddress listen() {
        return new NodeAddress(config.listen().host(), peers.port());
    }

    private Membership join(Base base) throws IOException {
        Membership joined = base.add(
                Membership.open(
                        base.vertx,
                        base.directory().resolve(DIRECTORY),
                        self,
                        config.token().orElseThrow(),
                        news::isShutOut,
                        base.tuning.clock(),
                        new Random(),
                        new MembershipEvents()),
                Membership::close);
        base.metrics.certificate(joined::ends, base.tuning.clock());
        return joined;
    }

    private Door door(Base base) {
        Door.Unproven unproven = membership.isPresent()
                ? Door.Unproven.NONE
                : config.plaintext() ? Door.Unproven.ALL : Door.Unproven.LOCAL;
        return new Door(
                new Door.Rules(unproven, news::isShutOut, _ -> false, base.tuning.local(), base.tuning.clock()),
                new DoorEvents(base.metrics));
    }

    private Peer advertised() {
        Optional<NodeAddress> told = config.advertised();
        int port = told.map(NodeAddress::port).filter(given -> given != 0).orElse(peers.port());
        return new Peer(told.map(NodeAddress::host), port);
    }

    /** It may have been started anew: then it knows neither who holds what, nor, as it keeps no proof on disk, of any. */
    private void welcome(SeedLink link) {
        announcer.welcome(link);
        proofs.ifPresent(shared -> shared.welcome(link.address()));
    }

    private void hear(String seed, News told) {
        news.accept(seed, told);
        membership.ifPresent(member -> {
            try {
                member.trust(Roots.parse(told.roots()));
            } catch (GeneralSecurityException | IllegalArgumentException e) {
                LOG.warn("seed {} says to trust what makes no sense: {}", seed, e.getMessage());
            }
        });
    }
}
