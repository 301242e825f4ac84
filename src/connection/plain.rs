//! TEMPORARY
use super::*;
use std::time::Duration;
/// x
#[derive(Clone, Debug, Default)]
pub struct PlainConfig {
    /// x
    pub ping_interval: Duration,
    /// x
    pub ping_timeout: Duration,
}
#[derive(Debug)]
pub(super) struct Plain;
impl Plain {
    pub(super) fn new(_: Arc<PlainConfig>, _: &[(String, String)], _: Moment) -> Plain {
        Plain
    }
    pub(super) fn handle_websocket_gone(&mut self, _: Gone) {}
    pub(super) fn handle_frame(&mut self, _: Moment, _: Frame) {}
    pub(super) fn handle_pong(&mut self, _: Moment) {}
    pub(super) fn handle_timeout(&mut self, _: Moment) {}
    pub(super) fn pause(&mut self, _: Moment) {}
    pub(super) fn resume(&mut self, _: Moment) {}
    pub(super) fn emit(&mut self, _: &Outgoing, _: Option<AckRequest>, _: Moment) {}
    pub(super) fn acknowledge(&mut self, _: u64, _: &Outgoing) {}
    pub(super) fn accept(&mut self, _: &SocketId) {}
    pub(super) fn refuse(&mut self, _: &ConnectError) {}
    pub(super) fn leave(&mut self) {}
    pub(super) fn close(&mut self) {}
    pub(super) fn shut_down(&mut self) {}
    pub(super) fn fail(&mut self, _: Fault) {}
    pub(super) fn poll_event(&mut self) -> Option<socketio::Event> {
        None
    }
    pub(super) fn poll_transmit(&mut self) -> Option<Transmit> {
        None
    }
    pub(super) fn poll_timeout(&self) -> Option<Moment> {
        None
    }
    pub(super) fn closed(&self) -> Option<&CloseReason> {
        None
    }
    pub(super) fn queued_bytes(&self) -> usize {
        0
    }
}
