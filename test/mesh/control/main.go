// Command control is a control server for the tests of the real mesh: Tailscale's own testcontrol, which never
// takes a node away and never says who is online, with both added.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"sync"
	"time"

	"tailscale.com/tailcfg"
	"tailscale.com/tstest/integration/testcontrol"
	"tailscale.com/types/key"
)

var (
	listen   = flag.String("listen", "127.0.0.1:0", "where to listen")
	derpHost = flag.String("derp-host", "127.0.0.1", "address of the derper")
	derpPort = flag.Int("derp-port", 3340, "the derper's port, plain http")
	stunPort = flag.Int("stun-port", 3478, "the derper's STUN port")
	authKey  = flag.String("authkey", "", "the key that every node needs")
	inactive = flag.Duration("inactive", 5*time.Second, "how long an ephemeral node may be offline before it is taken away")
)

// private is a field of testcontrol that its package keeps to itself; go.mod pins the version that has it.
func private[T any](server *testcontrol.Server, name string) *T {
	return (*T)(reflect.ValueOf(server).Elem().FieldByName(name).Addr().UnsafePointer())
}

type control struct {
	server *testcontrol.Server
	next   http.Handler // testcontrol's own routes

	mu        sync.Mutex // guards the rest
	lastID    tailcfg.NodeID
	ephemeral map[key.NodePublic]bool
	polls     map[key.NodePublic]int
}

// edit changes testcontrol's nodes and tells every node about it.
func (c *control) edit(change func(nodes map[key.NodePublic]*tailcfg.Node)) {
	mu := private[sync.Mutex](c.server, "mu")
	mu.Lock()
	change(*private[map[key.NodePublic]*tailcfg.Node](c.server, "nodes"))
	mu.Unlock()
	c.server.SetExpireAllNodes(false) // expires nobody, and sends a new map to everybody
}

func (c *control) register(w http.ResponseWriter, r *http.Request, req tailcfg.RegisterRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	isLogout := !req.Expiry.IsZero() && req.Expiry.Before(time.Now())
	if isLogout && c.ephemeral[req.NodeKey] {
		log.Printf("node %v logged out", req.NodeKey.ShortString())
		c.edit(func(nodes map[key.NodePublic]*tailcfg.Node) { delete(nodes, req.NodeKey) })
		json.NewEncoder(w).Encode(tailcfg.RegisterResponse{NodeKeyExpired: true})
		return
	}
	isNew := c.server.Node(req.NodeKey) == nil && c.server.Node(req.OldNodeKey) == nil
	c.next.ServeHTTP(w, r)
	if c.server.Node(req.NodeKey) == nil {
		return // refused
	}
	c.ephemeral[req.NodeKey] = req.Ephemeral
	if !isNew {
		return
	}
	// testcontrol numbers by counting, which gives a number twice once a node is gone.
	c.lastID++
	v4 := netip.AddrFrom4([4]byte{100, 64, byte(c.lastID >> 8), byte(c.lastID)})
	c.edit(func(nodes map[key.NodePublic]*tailcfg.Node) {
		node := nodes[req.NodeKey]
		node.ID, node.StableID = c.lastID, tailcfg.StableNodeID(fmt.Sprintf("TESTCTRL%08x", int(c.lastID)))
		node.Addresses = []netip.Prefix{netip.PrefixFrom(v4, 32)}
		node.AllowedIPs = node.Addresses
	})
}

// poll serves a map request: a node is online as long as it has one open.
func (c *control) poll(w http.ResponseWriter, r *http.Request, req tailcfg.MapRequest) {
	if !req.Stream {
		c.mu.Lock() // testcontrol reads a node, changes it and writes it back: not while we set its Online
		defer c.mu.Unlock()
		c.next.ServeHTTP(w, r)
		return
	}
	c.count(req.NodeKey, 1)
	c.next.ServeHTTP(w, r)
	c.count(req.NodeKey, -1)
	time.AfterFunc(*inactive, func() { c.forget(req.NodeKey) })
}

func (c *control) count(node key.NodePublic, change int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polls[node] += change
	isOnline := c.polls[node] > 0
	c.edit(func(nodes map[key.NodePublic]*tailcfg.Node) {
		if n := nodes[node]; n != nil && (n.Online == nil || *n.Online != isOnline) {
			now := time.Now()
			n.Online, n.LastSeen = &isOnline, &now
			log.Printf("node %v (%s) online: %v", node.ShortString(), n.Name, isOnline)
		}
	})
}

func (c *control) forget(node key.NodePublic) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ephemeral[node] && c.polls[node] == 0 && c.server.Node(node) != nil {
		log.Printf("node %v was offline for too long", node.ShortString())
		c.edit(func(nodes map[key.NodePublic]*tailcfg.Node) { delete(nodes, node) })
	}
}

func (c *control) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/machine/register":
		c.register(w, r, peek[tailcfg.RegisterRequest](r))
	case "/machine/map":
		c.poll(w, r, peek[tailcfg.MapRequest](r))
	default:
		c.next.ServeHTTP(w, r)
	}
}

// peek reads a request's body and leaves it to be read again.
func peek[T any](r *http.Request) (value T) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &value)
	}
	if err != nil {
		log.Printf("%s: %v", r.URL.Path, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return value
}

func main() {
	flag.Parse()
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	server := &testcontrol.Server{
		ExplicitBaseURL:  "http://" + listener.Addr().String(),
		RequireAuthKey:   *authKey,
		AllNodesSameUser: true,
		DERPMap: &tailcfg.DERPMap{OmitDefaultRegions: true, Regions: map[int]*tailcfg.DERPRegion{1: {
			RegionID: 1, RegionCode: "here", RegionName: "here",
			Nodes: []*tailcfg.DERPNode{{
				Name: "1a", RegionID: 1, HostName: *derpHost, IPv4: *derpHost, IPv6: "none",
				DERPPort: *derpPort, STUNPort: *stunPort, InsecureForTests: true,
			}},
		}}},
	}
	// A first request makes testcontrol set up its routes; ours go around them, inside the encrypted channel too.
	server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/generate_204", nil))
	routes := private[*http.ServeMux](server, "mux")
	c := &control{server: server, next: *routes, ephemeral: map[key.NodePublic]bool{}, polls: map[key.NodePublic]int{}}
	*routes = http.NewServeMux()
	(*routes).Handle("/", c)
	log.Printf("control server ready at %s", server.BaseURL())
	log.Fatal(http.Serve(listener, server))
}
